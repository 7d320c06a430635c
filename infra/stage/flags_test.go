package stage_test

import (
	"testing"

	"signpost/infra/stage"
)

func TestFlags(t *testing.T) {
	for folder, want := range map[string]string{"": " --stage prod", ".": " --stage prod", "conf": " --stage prod --config conf"} {
		if got := stage.Flags(folder, "prod"); got != want {
			t.Errorf("%q: %q", folder, got)
		}
	}
}
