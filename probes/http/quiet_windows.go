package http

import "net"

// quiet cannot look into a connection here without reading from it. One that the server has closed meanwhile is
// found when it is used.
func quiet(net.Conn) bool { return true }
