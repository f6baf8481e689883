-- For wrk: so many copies of the request at once, and the result as a line of JSON.
-- Arguments behind `--`: requests in flight on each connection.

function init(args)
  local pipelined = tonumber(args[1])
  if pipelined == 1 then return end
  local batch = string.rep(wrk.format(), pipelined)
  request = function() return batch end
end

function done(summary)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('{"requests":%d,"seconds":%.6f,"errors":%d}\n', summary.requests, summary.duration / 1e6, errors))
end
