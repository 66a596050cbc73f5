-- Who gives the command: Argo CD's own name at the API server, which admits no other. Change it where yours differs.
local by = "system:serviceaccount:argocd:argocd-server"
-- The nonce is the version of the object, which every write changes: two clicks at once are one command.
local command = "rollback/argocd-" .. obj.metadata.resourceVersion

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["shadowrollouts.io/command"] = command
obj.metadata.annotations["shadowrollouts.io/command-by"] = by
-- What somebody wrote of an earlier command is not the reason of this one.
obj.metadata.annotations["shadowrollouts.io/command-reason"] = nil
return obj
