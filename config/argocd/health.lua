-- Health of a DigitalTwin for Argo CD, from its conditions.
local health = {status = "Progressing", message = "the operator has not observed this twin yet"}

if obj.metadata.deletionTimestamp ~= nil then
  health.message = "the twin is being deleted"
  return health
end
if obj.status == nil or obj.status.conditions == nil then
  return health
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end
local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

-- A paused twin says nothing about its spec, which nobody works towards.
if is("Paused") then
  return {status = "Suspended", message = conditions.Paused.message}
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  health.message = "the operator has not observed the latest spec yet"
  return health
end
if is("Stalled") then
  return {status = "Degraded", message = conditions.Stalled.message}
end
-- What runs may be Ready while the next image is proven, or has failed its proof.
local proof = conditions.ImagesProven
if proof ~= nil and proof.status == "False" then
  return {status = proof.reason == "ProofFailed" and "Degraded" or "Progressing", message = proof.message}
end
if is("Ready") then
  local ready = conditions.Ready
  if ready.reason == "Suspended" or ready.reason == "Hibernated" then
    return {status = "Suspended", message = ready.message}
  end
  return {status = "Healthy", message = ready.message}
end
if conditions.Ready ~= nil then
  health.message = conditions.Ready.message
end
return health
