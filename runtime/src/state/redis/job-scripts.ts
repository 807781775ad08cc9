/** What must happen to a job at once or not at all. */

/** KEYS: the three streams, the job, the bytes. ARGV: priority from 1, id, payload, most jobs, most bytes, ms to live. */
export const putScript = `
if redis.call('EXISTS', KEYS[4]) == 1 then return 'known' end
local depth = redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]) + redis.call('XLEN', KEYS[3])
local bytes = tonumber(redis.call('GET', KEYS[5]) or '0')
if depth == 0 then bytes = 0 end
local size = string.len(ARGV[3])
if depth >= tonumber(ARGV[4]) or bytes + size > tonumber(ARGV[5]) then return 'full' end
redis.call('SET', KEYS[4], 'open', 'PX', ARGV[6])
redis.call('XADD', KEYS[tonumber(ARGV[1])], '*', 'id', ARGV[2], 'payload', ARGV[3])
redis.call('SET', KEYS[5], string.format('%.0f', bytes + size))
return 'queued'`;

/**
 * The first outcome stands, and whoever waits is told. KEYS: the stream, the job, the bytes.
 * ARGV: group, entry, outcome, ms to keep it, channel, id, size of the payload.
 */
export const settleScript = `
local known = redis.call('GET', KEYS[2])
local first = 0
if not known or known == 'open' then
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
  redis.call('PUBLISH', ARGV[5], ARGV[6])
  first = 1
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if redis.call('XDEL', KEYS[1], ARGV[2]) == 1 then redis.call('DECRBY', KEYS[3], ARGV[7]) end
return first`;

/** Removes a worker that leaves, unless it still has jobs another must take over. */
export const leaveScript = `
for _, key in ipairs(KEYS) do
  for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', key, ARGV[1])) do
    local row = {}
    for i = 1, #info, 2 do row[info[i]] = info[i + 1] end
    if row['name'] == ARGV[2] and row['pending'] == 0 then
      redis.call('XGROUP', 'DELCONSUMER', key, ARGV[1], ARGV[2])
    end
  end
end
return 1`;
