package template_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/template"
)

func TestEveryRouteOfTheProjectHasALimit(t *testing.T) {
	for _, f := range project(t).Functions {
		for _, r := range f.Routes {
			if r.Limit.Rate <= 0 || r.Limit.Burst <= 0 {
				t.Errorf("%s has no limit", r.Key())
			}
		}
	}
}

// routed is a template with the routes GET /a, GET /b and $default, and these
// settings.
func routed(settings string) []byte {
	return []byte(`
Parameters:
  Rate: {Type: Number, Default: 12.5}
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties: {` + settings + `}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        A: {Type: HttpApi, Properties: {Method: GET, Path: /a}}
        B: {Type: HttpApi, Properties: {Method: GET, Path: /b}}
        C: {Type: HttpApi}
`)
}

func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		settings string
		want     map[string]template.Limit
		err      string
	}{
		"none": {"", map[string]template.Limit{"GET /a": {}, "GET /b": {}, "$default": {}}, ""},
		"one route's, and the others'": {
			"RouteSettings: {GET /a: {ThrottlingRateLimit: !Ref Rate, ThrottlingBurstLimit: 20}}, DefaultRouteSettings: {ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10}",
			map[string]template.Limit{"GET /a": {Rate: 12.5, Burst: 20}, "GET /b": {Rate: 5, Burst: 10}, "$default": {Rate: 5, Burst: 10}}, "",
		},
		"one's that changes a part of the others'": {
			"RouteSettings: {$default: {ThrottlingBurstLimit: 20}}, DefaultRouteSettings: {ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10}",
			map[string]template.Limit{"GET /a": {Rate: 5, Burst: 10}, "GET /b": {Rate: 5, Burst: 10}, "$default": {Rate: 5, Burst: 20}}, "",
		},
		"a route that is not there": {"RouteSettings: {GET /c: {ThrottlingRateLimit: 1, ThrottlingBurstLimit: 1}}", nil, "GET /c: no function has this route"},
		"a rate alone":              {"RouteSettings: {GET /a: {ThrottlingRateLimit: 1}}", nil, "GET /a: ThrottlingRateLimit and ThrottlingBurstLimit must be set together"},
		"no number":                 {"RouteSettings: {GET /a: {ThrottlingRateLimit: many}}", nil, "GET /a: ThrottlingRateLimit many is not a positive number"},
		"a part of a request":       {"DefaultRouteSettings: {ThrottlingBurstLimit: 1.5}", nil, "DefaultRouteSettings: ThrottlingBurstLimit 1.5 is not a positive whole number"},
		"an unknown parameter":      {"DefaultRouteSettings: {ThrottlingBurstLimit: !Ref Gone}", nil, "it refers to Gone"},
		"a second API":              {"}\n  Other: {Type: 'AWS::Serverless::HttpApi', Properties: {}", nil, "Other: the local stack supports one API only"},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := template.Parse(routed(test.settings))
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("the error is %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]template.Limit{}
			for _, r := range read.Functions[0].Routes {
				got[r.Key()] = r.Limit
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
}
