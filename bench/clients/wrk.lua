-- For wrk: sends the given bytes, a number of copies at once, and prints the result as a line of JSON.
-- Arguments after `--`: requests in flight on each connection, one request, size of its content in bytes.

local pipelined

-- wrk calls request() once to count the requests that it sends at once, and accepts only requests then. After that it
-- uses the bytes to send, which stay the same if there is no function of this name.
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
