-- For wrk: the very bytes it is told to send, so many copies at once, and the result as a line of JSON.
-- Arguments behind `--`: requests in flight on each connection, one request, bytes of content behind it.

local pipelined

-- wrk asks once to see how many requests come at once, and takes only requests for that; then for what to
-- send, which stays the same as long as there is no function of this name.
function request()
  request = nil
  return string.rep('GET / HTTP/1.1\r\n\r\n', pipelined)
end

function init(args)
  pipelined = tonumber(args[1])
  local batch = string.rep(args[2] .. string.rep('x', tonumber(args[3])), pipelined)
  wrk.format = function() return batch end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"errors":%d,"latency":{"p50":%d,"p99":%d,"p999":%d},"cpuMicros":%d}\n',
    summary.requests,
    summary.duration / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50),
    latency:percentile(99),
    latency:percentile(99.9),
    os.clock() * 1e6
  ))
end
