// The messages that the schedule logs. Metric filters of the stack refer to the
// exported ones.

package schedule

const (
	// MsgBacklog says how many rows a run found due, and since when.
	MsgBacklog = "backlog"

	msgPanic         = "panic"
	msgClaim         = "claim"
	msgCountLeft     = "count left"
	msgBreakerOpened = "breaker opened"
)
