-- Asks hoptell about the connection by which a request came, and puts the answer into its headers.
-- Nothing that goes wrong here keeps a request from being served. It asks by a plain socket, since
-- the HTTP client of HAProxy 2.6 tries for three seconds to reach somebody who is not there.

local address, port = "127.0.0.1", 8081
local target = "/v1/auth?wait=100" -- waits for an opening packet that is on its way
local timeout_s = 0.5

-- The headers of the answer; none unless it is 204.
local function read_headers(socket)
    local headers = {}
    local line = socket:receive("*l")
    if not line or not line:find("^HTTP/1.1 204 ") then
        return headers
    end
    while true do
        line = socket:receive("*l")
        local name, value = string.match(line or "", "^([^:]+):%s*(.-)%s*$")
        if not name then
            return headers
        end
        headers[name:lower()] = value
    end
end

local function ask(txn)
    local socket = core.tcp()
    socket:settimeout(timeout_s)
    if socket:connect(address, port) then
        socket:send("GET " .. target .. " HTTP/1.1\r\nHost: hoptell\r\nConnection: close\r\n"
            .. "X-Real-IP: " .. txn.sf:src() .. "\r\nX-Real-Port: " .. txn.sf:src_port()
            .. "\r\nX-Server-Port: " .. txn.sf:dst_port() .. "\r\n\r\n")
        for name, value in pairs(read_headers(socket)) do
            if name:find("^x%-hoptell%-") then
                txn.http:req_set_header(name, value)
            end
        end
    end
    socket:close()
end

core.register_action("hoptell", { "http-req" }, function(txn)
    local done, problem = pcall(ask, txn)
    if not done then
        txn:Debug("hoptell: " .. tostring(problem))
    end
end)
