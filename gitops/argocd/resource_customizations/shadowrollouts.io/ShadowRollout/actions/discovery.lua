-- Which commands the operator would take now. It answers each in status.command, also those that it refuses.
local status = obj.status or {}
local paused = status.paused ~= nil
-- The canary's share can be taken back, and the championship for as long as the former champion stands by.
local acts = status.canary ~= nil or status.watch ~= nil

local racing = false
for _, line in ipairs(status.challengers or {}) do
  if line.stage == "Pending" or line.stage == "Shadow" or line.stage == "Canary" then
    racing = true
  end
end

-- A challenger may be named; without a name the operator takes the only one that can be meant, or says which there are.
-- A new table each time: Argo CD refuses one that it meets twice.
local function challenger()
  return {{["name"] = "challenger"}}
end

local actions = {}
actions["promote"] = {
  ["disabled"] = status.phase ~= "AwaitingApproval",
  ["iconClass"] = "fa fa-fw fa-check-circle",
  ["params"] = challenger()
}
actions["reject"] = {
  ["disabled"] = not racing,
  ["iconClass"] = "fa fa-fw fa-times-circle",
  ["params"] = challenger()
}
actions["pause"] = {
  ["disabled"] = paused,
  ["iconClass"] = "fa fa-fw fa-pause-circle"
}
actions["resume"] = {
  ["disabled"] = not paused,
  ["iconClass"] = "fa fa-fw fa-play-circle"
}
actions["rollback"] = {
  ["disabled"] = not acts,
  ["iconClass"] = "fa fa-fw fa-undo"
}
return actions
