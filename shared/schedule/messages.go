// The messages that the schedule logs. Metric filters of the stack refer to the
// exported ones.

package schedule

const (
	// MsgBacklog has how many rows a run found due, and since when the oldest was.
	MsgBacklog = "backlog"
	// MsgRollout has the new state of a rollout, as outcome.
	MsgRollout = "rollout"
	// MsgVerified is the last line of a run, with its [Report].
	MsgVerified = "verified"

	msgPanic         = "panic"
	msgClaim         = "claim row"
	msgCountLeft     = "count left rows"
	msgBreakerOpened = "open breaker"
	msgUnreadable    = "read installation"
)
