-- The operator's conditions follow kstatus: Ready, Reconciling and Stalled say all that there is to say.
-- https://github.com/kubernetes-sigs/cli-utils/blob/master/pkg/kstatus/README.md
--
-- Days in shadow and in canary, and the time in which a person is asked, are Healthy, not Progressing or Suspended: a
-- sync would wait for them, and nothing after it would be deployed.
if obj.status == nil or obj.status.conditions == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not seen this manifest yet"}
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

local function is(kind, status)
  return conditions[kind] ~= nil and conditions[kind].status == status
end

if is("Stalled", "True") then
  return {status = "Degraded", message = conditions["Stalled"].message}
end
if not is("Ready", "True") then
  return {status = "Progressing", message = obj.status.message}
end
-- Missing figures are neither good nor bad: nothing advances, and the models go on as they are.
if is("MetricsAvailable", "False") then
  return {status = "Healthy", message = obj.status.message .. "; blind: " .. conditions["MetricsAvailable"].message}
end
return {status = "Healthy", message = obj.status.message}
