package notices_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signpost/infra/notices"
)

func record(t *testing.T, text string) notices.Record {
	t.Helper()
	var r notices.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPipe(t *testing.T) {
	for _, test := range []struct {
		name, record, detailType, detail string
	}{
		{"activated", `{"eventName":"INSERT","dynamodb":{"Keys":{"pk":{"S":"org#o"},"sk":{"S":"installation"}},"NewImage":{
			"notice":{"S":"installation.activated"},"subject":{"S":"sub"},"orgName":{"S":"A \"quoted\" <name>"},"version":{"N":"3"},
			"state":{"S":"active"},"refreshToken":{"B":"geheim"}}}}`,
			"installation.activated",
			`{"appId":"","generation":"","orgId":"sub","orgName":"A \"quoted\" \u003cname\u003e","region":"","state":"active","version":"3"}`},
		{"removed", `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"notice":{"S":"installation.removed"}}}}`,
			"installation.removed", `{"appId":"","generation":"","orgId":"","orgName":"","region":"","state":"","version":""}`},
		{"no notice", `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{"state":{"S":"active"}}}}`, "", ""},
		{"a notice before", `{"eventName":"MODIFY","dynamodb":{"Keys":{"sk":{"S":"installation"}},"NewImage":{},"OldImage":{"notice":{"S":"x"}}}}`, "", ""},
		{"another row", `{"eventName":"INSERT","dynamodb":{"Keys":{"sk":{"S":"candidate#1"}},"NewImage":{"notice":{"S":"x"}}}}`, "", ""},
		{"deleted", `{"eventName":"REMOVE","dynamodb":{"Keys":{"sk":{"S":"installation"}},"OldImage":{"notice":{"S":"x"}}}}`, "", ""},
		{"nothing", `{}`, "", ""},
	} {
		event, told, err := notices.Pipe(record(t, test.record))
		if err != nil || told != (test.detailType != "") || event.DetailType != test.detailType || event.Detail != test.detail {
			t.Errorf("%s: %v %+v %v", test.name, told, event, err)
		}
	}
}

// TestTemplateNamesNothingSecret: attributes are told by name, and what a name
// may be is listed here too.
func TestTemplateNamesNothingSecret(t *testing.T) {
	open := []string{"subject", "orgName", "appId", "region", "state", "generation", "version"}
	for _, path := range regexp.MustCompile(`<([^>]*)>`).FindAllStringSubmatch(notices.Template, -1) {
		name, found := strings.CutPrefix(path[1], "$.dynamodb.NewImage.")
		attribute, kind, _ := strings.Cut(name, ".")
		if !found || !slices.Contains(open, attribute) || (kind != "S" && kind != "N") {
			t.Errorf("%s is told", path[1])
		}
	}
}
