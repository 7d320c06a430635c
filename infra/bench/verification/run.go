package verification

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"signpost/infra/local/lambda"
	"signpost/shared/schedule"
)

// deadline is long enough for any run. (The schedule's runs end before theirs and
// leave the rest due.)
const deadline = 15 * time.Minute

type run struct {
	rows    int
	latency time.Duration // of Webex
}

type outcome struct {
	took     time.Duration
	verified int
	cpu      time.Duration // of the process; 0 if unknown
	peak     int64         // resident set of the process, in bytes; 0 if unknown
	// counts are the table's requests, gets and others those to Webex.
	counts       map[string]int
	gets, others int64
}

func (o outcome) perSecond() float64 { return float64(o.verified) / o.took.Seconds() }

func (s *site) do(ctx context.Context, r run) (outcome, error) {
	function, err := s.testbed.Isolated(functionID, s.settings, deadline)
	if err != nil {
		return outcome{}, err
	}
	defer function.Kill()
	defer context.AfterFunc(ctx, function.Kill)() // an invocation does not end with its caller
	if err := function.Start(ctx); err != nil {
		return outcome{}, err
	}
	s.table.Fill(r.rows)
	s.webex.SetLatency(r.latency)
	s.webex.Reset()
	runtime.GC() // not during the run
	began := time.Now()
	result, err := function.Invoke(ctx, []byte("{}"))
	found := outcome{took: time.Since(began), counts: s.table.Counts()}
	if err != nil {
		return outcome{}, err
	}
	var report schedule.Report
	if result.Outcome != lambda.OK || json.Unmarshal(result.Payload, &report) != nil {
		return outcome{}, fmt.Errorf("the function failed: %.300s", result.Payload)
	}
	for _, pid := range function.PIDs() {
		found.peak, found.cpu = peakOf(pid), cpuOf(pid)
	}
	found.verified = report.Verified
	found.gets, found.others = s.webex.Counts()
	return found, checkAnswer(result.Payload, r.rows, report)
}

// peakOf returns the largest resident set of the process, in bytes.
func peakOf(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// cpuOf returns the processor time of the process.
func cpuOf(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// After the name, which is in parentheses, the 12th and 13th fields are user
	// and system time in hundredths of a second.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}
