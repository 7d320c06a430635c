package report

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Machine identifies where and when the figures were measured.
type Machine struct {
	CPU   string
	Cores int
	OS    string
	Go    string
	Node  string
	Date  time.Time
}

// ThisMachine describes this machine; node is the output of `node --version`.
func ThisMachine(now time.Time, node string) Machine {
	return Machine{
		CPU: cpuModel(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		Go: strings.TrimPrefix(runtime.Version(), "go"), Node: strings.TrimPrefix(strings.TrimSpace(node), "v"), Date: now,
	}
}

// String describes the machine in one line.
func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores for everything, %s, Go %s, Node %s, %s",
		m.CPU, m.Cores, m.OS, m.Go, m.Node, m.Date.Format("2 January 2006"))
}

// cpuModel returns the processor's name, if the system has it.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unnamed processor"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unnamed processor"
}
