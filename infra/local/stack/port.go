package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below those that systems give to outgoing connections (Linux: from
// 32768), and above the well-known ones.
const (
	lowestPort  = 10_000
	highestPort = 32_000
)

// FreePort finds a free loopback port for a program that starts later. A port
// that the system chooses, with port 0, could be used by an outgoing connection
// before that.
func FreePort() (int, error) {
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no free port found")
}
