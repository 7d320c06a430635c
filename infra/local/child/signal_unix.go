//go:build unix

package child

import (
	"os"
	"syscall"
)

// signalGroup signals the process and all that it started.
func signalGroup(process *os.Process, signal syscall.Signal) {
	_ = syscall.Kill(-process.Pid, signal)
}
