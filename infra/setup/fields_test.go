package setup

import (
	"fmt"
	"strings"
	"testing"
)

// --set takes the default of a setting, and an empty value clears one of any kind.
// Another value of the wrong kind is refused, with the right kind.
func TestAssign(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"deployment.tokenInvalidPerDay", "0", ""},
		{"deployment.tokenInvalidPerDay", "", ""},
		{"deployment.tokenInvalidPerDay", "3", "3"},
		{"deployment.firewall", "", "false"},
		{"deployment.firewall", "false", "false"},
		{"deployment.firewall", "true", "true"},
		{"deployment.domain", "", ""},
		{"deployment.tokenInvalidPerDay", "many", "error: it must be a whole number"},
		{"deployment.tokenInvalidPerDay", "1.5", "error: it must be a whole number"},
		{"deployment.firewall", "yes", "error: it must be true or false"},
	} {
		s := &session{}
		s.settings.Deployment.TokenInvalidPerDay, s.settings.Deployment.Firewall, s.settings.Deployment.Domain = 7, true, "a.example.com"
		err := s.assign(test.key, test.value)
		f, _ := s.field(test.key)
		got := f.get()
		if err != nil {
			got = fmt.Sprintf("error: %v", err)
		}
		if wanted, isError := strings.CutPrefix(test.want, "error: "); isError && !strings.Contains(got, wanted) || !isError && got != test.want {
			t.Errorf("%s=%s: %s, want %s", test.key, test.value, got, test.want)
		}
	}
}
