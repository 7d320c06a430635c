package dynamo

import (
	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// installationRow is an [installation.Installation] in the table.
type installationRow struct {
	workedRow
	Revision   int64  `dynamodbav:"revision,omitempty"`
	State      string `dynamodbav:"state"`
	Generation string `dynamodbav:"generation,omitempty"`

	ActivatedAt     int64 `dynamodbav:"activatedAt,omitempty"`
	LastActionAt    int64 `dynamodbav:"lastActionAt,omitempty"`
	RemovedAt       int64 `dynamodbav:"removedAt,omitempty"`
	MovedAt         int64 `dynamodbav:"movedAt,omitempty"`
	EndpointsAt     int64 `dynamodbav:"endpointsAt,omitempty"`
	ActivationUntil int64 `dynamodbav:"activationUntil,omitempty"`

	Features             map[string]featureRow `dynamodbav:"features,omitempty"`
	RegisteredActionsURL string                `dynamodbav:"registeredActionsUrl,omitempty"`
	DeviceKey            string                `dynamodbav:"installationKey,omitempty"`
	Channel              string                `dynamodbav:"channel,omitempty"`
	ChannelRevision      int                   `dynamodbav:"channelRevision,omitempty"`
	Reloads              int                   `dynamodbav:"reloads,omitempty"`

	RefreshExpiresAt int64  `dynamodbav:"refreshExpiresAt,omitempty"`
	RefreshIssuedAt  int64  `dynamodbav:"refreshIssuedAt,omitempty"`
	RenewedAt        int64  `dynamodbav:"renewedAt,omitempty"`
	AccessToken      []byte `dynamodbav:"accessToken,omitempty"`
	AccessExpiresAt  int64  `dynamodbav:"accessExpiresAt,omitempty"`
	RenewalOwner     string `dynamodbav:"renewalOwner,omitempty"`
	RenewalUntil     int64  `dynamodbav:"renewalUntil,omitempty"`
	InvalidSince     int64  `dynamodbav:"invalidSince,omitempty"`
	RefusedSince     int64  `dynamodbav:"refusedSince,omitempty"`
	RejectedSince    int64  `dynamodbav:"rejectedSince,omitempty"`
	TriedAt          int64  `dynamodbav:"triedAt,omitempty"`
	TriedWith        string `dynamodbav:"triedWith,omitempty"`

	AppCheckedAt    int64  `dynamodbav:"appCheckedAt,omitempty"`
	AppDifference   string `dynamodbav:"appDifference,omitempty"`
	AppDiffersSince int64  `dynamodbav:"appDiffersSince,omitempty"`
	AppHealthState  string `dynamodbav:"appHealthState,omitempty"`
	ForeignRegion   string `dynamodbav:"foreignRegion,omitempty"`
	ForeignRegionAt int64  `dynamodbav:"foreignRegionAt,omitempty"`

	eventRow
}

// featureRow is an [installation.Feature].
type featureRow struct {
	Endpoint   string `dynamodbav:"endpoint,omitempty"`
	Status     string `dynamodbav:"status,omitempty"`
	Drift      string `dynamodbav:"drift,omitempty"`
	DriftCount int    `dynamodbav:"driftCount,omitempty"`
	HoldUntil  int64  `dynamodbav:"holdUntil,omitempty"`
	Pushed     string `dynamodbav:"pushed,omitempty"`
	PushedAt   int64  `dynamodbav:"pushedAt,omitempty"`
}

// newInstallationRow returns the row of i after its next write. Only a tombstone
// expires and only an existing installation is queued, regardless of i.
func newInstallationRow(i installation.Installation) installationRow {
	row := installationRow{
		workedRow: newWorkedRow(i.Key, installationSK, i.Version, i.Statement, i.Work, i.Schedule, i.Unknown),
		Revision:  i.Revision, State: string(i.State), Generation: string(i.Generation),
		ActivatedAt: millis(i.ActivatedAt), LastActionAt: millis(i.LastActionAt), RemovedAt: millis(i.RemovedAt),
		MovedAt: millis(i.MovedAt), EndpointsAt: millis(i.EndpointsAt),
		ActivationUntil:      millis(i.ActivationUntil),
		Features:             newFeatureRows(i.Features),
		RegisteredActionsURL: i.RegisteredActionsURL, DeviceKey: i.DeviceKey.Reveal(), Channel: i.Channel, ChannelRevision: i.ChannelRevision, Reloads: i.Reloads,
		RefreshExpiresAt: millis(i.Tokens.RefreshExpiresAt), RenewedAt: millis(i.Tokens.RenewedAt),
		RefreshIssuedAt: millis(i.Tokens.IssuedAt),
		AccessToken:     i.Tokens.Access, AccessExpiresAt: millis(i.Tokens.AccessExpiresAt),
		RenewalOwner: i.Tokens.Renewal.Owner, RenewalUntil: millis(i.Tokens.Renewal.Until), InvalidSince: millis(i.Tokens.InvalidSince),
		RefusedSince: millis(i.Tokens.RefusedSince), RejectedSince: millis(i.Tokens.RejectedSince),
		TriedAt: millis(i.Tokens.TriedAt), TriedWith: i.Tokens.TriedWith,
		AppCheckedAt: millis(i.App.At), AppDifference: i.App.Difference, AppDiffersSince: millis(i.App.Since), AppHealthState: i.App.HealthState,
		ForeignRegion: i.ForeignRegion.Region, ForeignRegionAt: millis(i.ForeignRegion.At),
		eventRow: eventRow{string(i.Notice), i.Event},
	}
	row.BaseURL, row.Reference, row.RefreshToken = i.BaseURL, i.Reference, i.Tokens.Refresh
	if i.State == installation.Removed {
		row.ExpiresAt = expirySeconds(i.ForgetAt)
	}
	row.queued = queue(i.Key, i.Schedule.DueAt, i.Exists(), row.ExpiresAt)
	return row
}

func (r installationRow) installation() installation.Installation {
	return installation.Installation{
		Key: r.installationKey(), Statement: r.statement(),
		State: installation.State(r.State), Generation: installation.Generation(r.Generation),
		Version: r.Version, Revision: r.Revision,
		ActivatedAt: instant(r.ActivatedAt), LastActionAt: instant(r.LastActionAt), RemovedAt: instant(r.RemovedAt),
		MovedAt: instant(r.MovedAt), EndpointsAt: instant(r.EndpointsAt),
		ForgetAt: expiryTime(r.ExpiresAt), ActivationUntil: instant(r.ActivationUntil),
		Features: r.features(),
		BaseURL:  r.BaseURL, Reference: r.Reference, RegisteredActionsURL: r.RegisteredActionsURL,
		DeviceKey: secret.New(r.DeviceKey), Channel: r.Channel, ChannelRevision: r.ChannelRevision, Reloads: r.Reloads,
		Tokens: installation.Tokens{
			Refresh: secret.Sealed(r.RefreshToken), RefreshExpiresAt: instant(r.RefreshExpiresAt), RenewedAt: instant(r.RenewedAt),
			IssuedAt: instant(r.RefreshIssuedAt),
			Access:   secret.Sealed(r.AccessToken), AccessExpiresAt: instant(r.AccessExpiresAt),
			Renewal:      installation.Lease{Owner: r.RenewalOwner, Until: instant(r.RenewalUntil)},
			InvalidSince: instant(r.InvalidSince), RefusedSince: instant(r.RefusedSince), RejectedSince: instant(r.RejectedSince),
			TriedAt: instant(r.TriedAt), TriedWith: r.TriedWith,
		},
		App: installation.AppCheck{
			At: instant(r.AppCheckedAt), Difference: r.AppDifference, Since: instant(r.AppDiffersSince), HealthState: r.AppHealthState,
		},
		ForeignRegion: installation.ForeignRegion{Region: r.ForeignRegion, At: instant(r.ForeignRegionAt)},
		Work:          r.lease(), Schedule: r.schedule(r.DueAt), Unknown: r.unknown.carried(),
	}
}

func newFeatureRows(features map[webex.Feature]installation.Feature) map[string]featureRow {
	rows := make(map[string]featureRow, len(features))
	for name, f := range features {
		rows[string(name)] = featureRow{
			Endpoint: f.Endpoint, Status: string(f.Status), Drift: f.Drift, DriftCount: f.DriftCount,
			HoldUntil: millis(f.HoldUntil), PushedAt: millis(f.PushedAt), Pushed: f.Pushed,
		}
	}
	return rows
}

// features returns a possibly empty map, or nil for a tombstone, as the
// transitions make them.
func (r installationRow) features() map[webex.Feature]installation.Feature {
	if len(r.Features) == 0 && r.State == string(installation.Removed) {
		return nil
	}
	features := make(map[webex.Feature]installation.Feature, len(r.Features))
	for name, f := range r.Features {
		features[webex.Feature(name)] = installation.Feature{
			Endpoint: f.Endpoint, Status: installation.FeatureStatus(f.Status), Drift: f.Drift, DriftCount: f.DriftCount,
			HoldUntil: instant(f.HoldUntil), PushedAt: instant(f.PushedAt), Pushed: f.Pushed,
		}
	}
	return features
}
