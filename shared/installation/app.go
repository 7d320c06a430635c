package installation

import "time"

// CompareAppEvery is how often Webex's record of an installation is compared with
// ours where a feature that we provide is not offered [ours].
const CompareAppEvery = 24 * time.Hour

// AppCheck is the result of comparing Webex's record of an installation with ours.
// It finds an approval whose updateApproved, with the feature's address, was lost.
type AppCheck struct {
	// At is when they were last compared, zero if never.
	At time.Time
	// Difference describes, for people, what Webex has approved although we have no
	// address for it, "" if nothing; Since is when that was first seen.
	Difference string
	Since      time.Time
	// HealthState is Webex's own view of our health checks, in Webex's term, "" if
	// the record holds none.
	HealthState string
}

// Due reports whether it is time to compare again.
func (a AppCheck) Due(now time.Time) bool { return !now.Before(a.At.Add(CompareAppEvery)) }

// Compared returns the check after a comparison at now.
func (a AppCheck) Compared(difference, healthState string, now time.Time) AppCheck {
	next := AppCheck{At: now, Difference: difference, HealthState: healthState}
	if difference != "" {
		next.Since = now
		if a.Difference != "" {
			next.Since = a.Since
		}
	}
	return next
}

// ForeignRegion is another region than the installation's that signed an action
// for it: a sign of a move whose `update` was lost.
type ForeignRegion struct {
	Region string
	At     time.Time
}
