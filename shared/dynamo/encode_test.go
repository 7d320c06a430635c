package dynamo

import (
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// typical is an installation as a run of the schedule meets it.
func typical() installation.Installation {
	now := time.Now()
	feature := installation.Feature{
		Endpoint: "https://xapi-r.wbx2.com/xapi/api/organizations/6d93fe09-7130-4507-b261-3908b63428a4/apps/a/features/f",
		Status:   installation.InSync, Pushed: "0123456789abcdef", PushedAt: now,
	}
	return installation.Installation{
		Key: installationtest.Key("6d93fe09-7130-4507-b261-3908b63428a4"),
		Statement: installation.Statement{
			Subject: "ciscospark://us/ORGANIZATION/6d93fe09-7130-4507-b261-3908b63428a4",
			OrgName: "Acme", Region: "us-west-2_r", ManifestVersion: 1,
			URLs: installation.URLs{OAuth: "https://webexapis.com/v1/access_token", App: "https://xapi-r.wbx2.com/xapi/api/organizations/o/apps/a", APIBase: "https://webexapis.com/v1"},
		},
		State: installation.Active, Generation: "0123456789abcdef012345",
		Version: 7, Revision: 1, ActivatedAt: now, LastActionAt: now, ActivationUntil: now,
		RegisteredActionsURL: "https://signpost.example.com/actions",
		Features:             map[webex.Feature]installation.Feature{webex.DigitalSignage: feature, webex.PersistentWebApp: feature},
		Tokens: installation.Tokens{
			Refresh: make(secret.Sealed, 160), RefreshExpiresAt: now, RenewedAt: now, Access: make(secret.Sealed, 160), AccessExpiresAt: now,
		},
		Schedule: installation.Schedule{DueAt: now, VerifiedAt: now, Settings: "0123456789abcdef", LastResult: "in_sync"},
	}
}

// BenchmarkEncode makes a row of an installation.
func BenchmarkEncode(b *testing.B) {
	row := typical()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(newInstallationRow(row)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecode makes an installation of a row.
func BenchmarkDecode(b *testing.B) {
	item, err := encode(newInstallationRow(typical()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeWork(item); err != nil {
			b.Fatal(err)
		}
	}
}
