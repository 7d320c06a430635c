package lifecycle_test

import (
	"strings"
	"testing"
	"time"

	"signpost/shared/installation"
	"signpost/shared/schedule"
	"signpost/shared/webex"
)

// TestMetricLines tests the lines that the stack's metric filters count.
func TestMetricLines(t *testing.T) {
	w := activatedWorld(t)
	since := ""
	says := func(when string, parts ...string) {
		t.Helper()
		lines := strings.TrimPrefix(w.log.text(), since)
		for _, part := range parts {
			if !strings.Contains(lines, part) {
				t.Errorf("%s: no line with %s:\n%s", when, part, lines)
			}
		}
		since = w.log.text()
	}
	says("activated",
		`"msg":"feature","org":"`+w.org.ID()+`","app":"`+w.cloud.AppID()+`","feature":"digital_signage","outcome":"pushed","drift":false`,
		`"msg":"feature","org":"`+w.org.ID()+`","app":"`+w.cloud.AppID()+`","feature":"persistent_web_app","outcome":"pushed","drift":false`)

	w.pass(2 * time.Hour)
	w.verifyDue()
	w.pass(2 * time.Hour)
	w.verifyDue()
	if lines := strings.TrimPrefix(w.log.text(), since); strings.Contains(lines, `"msg":"feature"`) {
		t.Errorf("in sync: %s", lines)
	}
	says("in sync", `"msg":"backlog","due":1,"oldest_s":`)

	stored, _ := w.cloud.Configuration(w.org.ID(), string(webex.PersistentWebApp))
	stored["pwaUrl"] = "https://other.example/"
	w.cloud.SetConfiguration(w.org.ID(), string(webex.PersistentWebApp), stored)
	w.cloud.DeleteConfiguration(w.org.ID(), string(webex.DigitalSignage))
	w.pass(2 * time.Hour)
	w.verifyDue()
	says("lost and changed", `"feature":"digital_signage","outcome":"pushed","drift":false`, `"feature":"persistent_web_app","outcome":"pushed","drift":true`)

	w.loseAccess()
	says("token revoked", `"msg":"token_invalid"`)
	w.pass(installation.TokenInvalidLife)
	w.verifyDue()
	says("expired", `"msg":"removed"`)
}

// TestTokenHealthIsLogged tests that the log shows each state of the refresh token at
// INFO or above, as functions log.
func TestTokenHealthIsLogged(t *testing.T) {
	w := activatedWorld(t)
	check := func(health installation.TokenHealth, line string) {
		t.Helper()
		for _, at := range strings.Split(w.log.text(), "\n") {
			if strings.Contains(at, line) && strings.Contains(at, `"token_health":"`+string(health)+`"`) {
				return
			}
		}
		t.Errorf("no line %s says %s:\n%s", line, health, w.log.text())
	}
	check(installation.TokensHealthy, `"level":"INFO","msg":"sync"`)

	w.refreshLife(13 * 24 * time.Hour)
	w.wantReport(w.verifyNow(), schedule.Report{Verified: 1})
	check(installation.TokensExpiring, `"level":"WARN","msg":"sync"`)
	w.healthy()
	check(installation.TokensExpiring, `"level":"WARN","msg":"health"`)

	w.loseAccess()
	check(installation.TokensInvalid, `"level":"ERROR","msg":"token_invalid"`)
}
