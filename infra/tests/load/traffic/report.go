package traffic

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Latencies are the times that requests took, by kind.
type Latencies map[string][]time.Duration

// Report is the result of a run.
type Report struct {
	Options   Options
	Took      time.Duration
	Latencies Latencies
	// Issued and Redeemed count launches. The difference was lost.
	Issued, Redeemed int64
	// Lost counts the configurations that Webex lost on purpose, Restored those
	// that were pushed again.
	Lost, Restored int
	Verified       Verified
	// Processes is the highest count of the functions' processes, 0 if unknown.
	Processes int
	// Faults are the first faults as text, FaultCount counts all.
	Faults     []string
	FaultCount int
}

// OK reports whether every answer was right and every launch redeemed.
func (r Report) OK() bool {
	return r.FaultCount == 0 && r.Issued == r.Redeemed && r.Issued > 0
}

// kinds are in the order in which they are shown.
var kinds = []string{kindLaunch, kindRedeem, kindAgain, kindHealth, kindUpdate, kindActivation, kindVendor}

// Print writes the report for a person.
func (r Report) Print(out io.Writer) {
	fmt.Fprintf(out, "\n%-15s %9s %8s %9s %9s %9s %9s\n", "kind", "requests", "per s", "p50", "p90", "p99", "max")
	var all []time.Duration
	for _, kind := range kinds {
		all = append(all, r.Latencies[kind]...)
		r.line(out, kind, r.Latencies[kind])
	}
	r.line(out, "all", all)
	actions := len(r.Latencies[kindHealth]) + len(r.Latencies[kindUpdate]) + len(r.Latencies[kindActivation])
	fmt.Fprintf(out, "\nmix        %d %% management actions and re-activations, the rest cross-launches and redemptions\n", (100*actions+len(all)/2)/max(1, len(all)))
	fmt.Fprintf(out, "launches   %s issued, %s redeemed with the right devices\n", grouped(r.Issued), grouped(r.Redeemed))
	fmt.Fprintf(out, "verify     %s verified in %d runs, %d failed; Webex lost %d configurations, %d pushes restored them\n",
		grouped(int64(r.Verified.Verified)), r.Verified.Runs, r.Verified.Failed, r.Lost, r.Restored)
	processes := "not counted on this system"
	if r.Processes > 0 {
		processes = fmt.Sprintf("%d of functions at most", r.Processes)
	}
	fmt.Fprintf(out, "processes  %s\n", processes)
	fmt.Fprintf(out, "machine    %d CPUs for all of it: functions, simulated Webex, this client, and dynoxide in DynamoDB's place,\n"+
		"           which writes to one SQLite file. The rate is this machine's limit and says nothing about AWS's.\n", runtime.NumCPU())
	for _, fault := range r.Faults {
		fmt.Fprintln(out, "WRONG     ", fault)
	}
	if r.FaultCount > len(r.Faults) {
		fmt.Fprintf(out, "           and %d more\n", r.FaultCount-len(r.Faults))
	}
}

func (r Report) line(out io.Writer, kind string, took []time.Duration) {
	slices.Sort(took)
	fmt.Fprintf(out, "%-15s %9s %8.1f %9s %9s %9s %9s\n", kind, grouped(int64(len(took))), float64(len(took))/r.Took.Seconds(),
		millis(percentile(took, 50)), millis(percentile(took, 90)), millis(percentile(took, 99)), millis(percentile(took, 100)))
}

// percentile is that of sorted times, by the nearest rank.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(rank, 1)-1]
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
}

// grouped writes a number with commas.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var text strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			text.WriteByte(',')
		}
		text.WriteRune(digit)
	}
	return text.String()
}
