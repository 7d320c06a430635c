package config_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/config"
	"signpost/shared/config/configtest"
	"signpost/shared/secret/document"
	"signpost/shared/webex"
)

const (
	appID  = "6d93fe09-7130-4507-b261-3908b63428a4"
	marker = "s3cr3t-marker"
)

// environ is an environment in which everything is set well, with changes
// merged over it; an empty value unsets.
func environ(changes map[string]string) map[string]string {
	all := configtest.Environ()
	all["INSTALLATIONS_TABLE"] = "installations"
	all["SECRET_JSON"] = `{"clientSecret":"` + marker + `","contentApiKey":["` + marker + `"],"tokenKeyset":{"` + marker + `":1}}`
	maps.Copy(all, changes)
	return all
}

func TestCheck(t *testing.T) {
	const onAWS = "AWS_LAMBDA_FUNCTION_NAME=activation"
	tests := []struct {
		name    string
		changes []string // as NAME=value
		// want lists the variables with problems, texts parts of the error.
		want  []string
		texts []string
	}{
		{name: "everything good"},
		{name: "everything unset", changes: []string{
			"INSTALLATIONS_TABLE=", "WEBEX_APP_ID=", "WEBEX_CLIENT_ID=", "SECRET_JSON=", "SIGNAGE_URL=", "PWA_URL=", "CONTENT_URL="},
			want: []string{"INSTALLATIONS_TABLE", "WEBEX_APP_ID", "SIGNAGE_URL, PWA_URL", "WEBEX_CLIENT_ID", "CONTENT_URL", "SECRET_ID, SECRET_JSON"}},
		{name: "table with a space", changes: []string{"INSTALLATIONS_TABLE=my table"}, want: []string{"INSTALLATIONS_TABLE"}},
		{name: "table by ARN", changes: []string{"INSTALLATIONS_TABLE=arn:aws:dynamodb:eu-west-1:123456789012:table/x"}},

		{name: "unknown regions", changes: []string{"WEBEX_REGIONS=mars,us-west-2_r,venus"},
			want: []string{"WEBEX_REGIONS", "WEBEX_REGIONS"}, texts: []string{"entry 1", "entry 3", "us-gov-west-1_a1"}},
		{name: "empty regions", changes: []string{"WEBEX_REGIONS=us-west-2_r,,"}, want: []string{"WEBEX_REGIONS", "WEBEX_REGIONS"}},
		{name: "key sets replaced", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"http://127.0.0.1:3001/jwks","mars":"nonsense"}`}},
		{name: "a region of our own", changes: []string{"WEBEX_REGIONS=mars", `WEBEX_JWKS_URLS={"mars":"https://mars.example.com/jwks"}`}},
		{name: "key sets are no JSON", changes: []string{`WEBEX_JWKS_URLS=us-west-2_r=https://x`}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "key sets are no strings", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":1}`}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "key set by http", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"http://keys.example.com"}`}, want: []string{"WEBEX_JWKS_URLS"}},

		{name: "hosts", changes: []string{"WEBEX_HOSTS=webexapis.com, *.wbx2.com,127.0.0.1"}},
		{name: "key set on AWS", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"https://keys.example.com/jwks"}`, onAWS}},
		{name: "key set by http, on AWS", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"http://127.0.0.1:3001/jwks"}`, onAWS}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "key set here, on AWS", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"https://localhost/jwks"}`, onAWS}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "key set here, in sam local", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"http://127.0.0.1:3001/jwks"}`, onAWS, "AWS_SAM_LOCAL=true"}},
		{name: "key set with an invisible character", changes: []string{`WEBEX_JWKS_URLS={"us-west-2_r":"https://keys.example.com/jw\u200bks"}`}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "loopback host on AWS", changes: []string{"WEBEX_HOSTS=localhost", onAWS}, want: []string{"WEBEX_HOSTS"}, texts: []string{"local use"}},
		{name: "loopback host, other sign of AWS", changes: []string{"WEBEX_HOSTS=127.0.0.1", "AWS_LAMBDA_INITIALIZATION_TYPE=on-demand"}, want: []string{"WEBEX_HOSTS"}},
		{name: "loopback host in sam local", changes: []string{"WEBEX_HOSTS=127.0.0.1", onAWS, "AWS_SAM_LOCAL=true"}},

		{name: "signage only", changes: []string{"PWA_URL="}},
		{name: "web app only", changes: []string{"SIGNAGE_URL="}},
		{name: "allow list without web app", changes: []string{"PWA_XAPI_ALLOW_LIST=a.example.com", "PWA_URL="}, want: []string{"PWA_XAPI_ALLOW_LIST"}},

		{name: "public address", changes: []string{"PUBLIC_URL=https://signpost.example.com/base/"}},
		{name: "public address with a password", changes: []string{"PUBLIC_URL=https://u:" + marker + "@signpost.example.com"}, want: []string{"PUBLIC_URL"}},

		// A secret that was pasted into the wrong setting.
		{name: "secret as region", changes: []string{"WEBEX_REGIONS=" + marker}, want: []string{"WEBEX_REGIONS"}},
		{name: "secret as region with a key set", changes: []string{"WEBEX_REGIONS=" + marker, `WEBEX_JWKS_URLS={"` + marker + `":"http://` + marker + `.example.com"}`}, want: []string{"WEBEX_JWKS_URLS"}},
		{name: "secret as host", changes: []string{"WEBEX_HOSTS=" + marker + "!"}, want: []string{"WEBEX_HOSTS"}},
		{name: "secret as replacement value", changes: []string{"SIGNAGE_URL=https://x.example.com/$(" + marker + ")"}, want: []string{"SIGNAGE_URL"}},
		{name: "secret as address", changes: []string{"CONTENT_URL=" + marker}, want: []string{"CONTENT_URL"}},
		{name: "secret as table", changes: []string{"INSTALLATIONS_TABLE=" + marker + "!"}, want: []string{"INSTALLATIONS_TABLE"}},
		{name: "secret as app id", changes: []string{"WEBEX_APP_ID=" + marker}, want: []string{"WEBEX_APP_ID"}, texts: []string{"manifest"}},
		{name: "secret as interval", changes: []string{"VERIFY_INTERVAL=" + marker}, want: []string{"VERIFY_INTERVAL"}},

		{name: "secret as rate", changes: []string{"VERIFY_RATE=" + marker}, want: []string{"VERIFY_RATE"}},

		{name: "secret by id", changes: []string{"SECRET_JSON=", "SECRET_ID=arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"}},
		{name: "secret by bad id", changes: []string{"SECRET_JSON=", "SECRET_ID=my secret"}, want: []string{"SECRET_ID"}},
		{name: "two secrets", changes: []string{"SECRET_ID=x"}, want: []string{"SECRET_ID, SECRET_JSON"}},
		{name: "secret is no JSON", changes: []string{"SECRET_JSON=" + marker}, want: []string{"SECRET_JSON"}},
		{name: "secret lacks parts", changes: []string{`SECRET_JSON={"tokenKeyset":"` + marker + `"}`}, want: []string{"SECRET_JSON", "SECRET_JSON", "SECRET_JSON"},
			texts: []string{"clientSecret", "contentApiKey", "tokenKeyset"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := config.Check(environ(config.Environ(test.changes)))
			if diff := cmp.Diff(test.want, variables(err)); diff != "" {
				t.Fatalf("variables with problems (-want +got):\n%s\n%v", diff, err)
			}
			for _, text := range test.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error does not say %q:\n%v", text, err)
				}
			}
			if err != nil && strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), marker) {
				t.Errorf("error tells a secret:\n%v", err)
			}
		})
	}
}

// TestValues checks the table of good and bad values, on AWS and elsewhere.
func TestValues(t *testing.T) {
	for _, test := range configtest.Values() {
		for _, local := range []bool{false, true} {
			settings := environ(map[string]string{test.Variable: test.Value})
			if !local {
				settings["AWS_LAMBDA_FUNCTION_NAME"] = "activation"
			}
			err := config.Check(settings)
			names := slices.Compact(variables(err))
			if good := test.Wrong == "" || local && test.Local; good {
				if err != nil {
					t.Errorf("%s=%.100q (local: %t): %v", test.Variable, test.Value, local, err)
				}
				continue
			}
			if len(names) != 1 || names[0] != test.Variable || !strings.Contains(err.Error(), test.Wrong) {
				t.Errorf("%s=%.100q (local: %t): %v, want %q", test.Variable, test.Value, local, err, test.Wrong)
			}
		}
	}
}

func variables(err error) []string {
	settings, ok := errors.AsType[*config.Error](err)
	if !ok {
		return nil
	}
	var names []string
	for _, problem := range settings.Problems {
		names = append(names, problem.Variable)
	}
	return names
}

func TestLoadValues(t *testing.T) {
	var (
		table    config.Table
		tokens   config.Tokens
		provider config.Provider
		launch   config.Launch
		secret   = config.Secret{Needs: []document.Part{document.ContentAPIKey}}
	)
	err := config.Load(environ(map[string]string{
		"WEBEX_REGIONS":       "us-west-2_r, us-east-2_a",
		"WEBEX_JWKS_URLS":     `{"us-east-2_a":"http://localhost:3001/jwks","eu-central-1_k":"http://localhost:3001/k"}`,
		"WEBEX_APP_ID":        strings.ToUpper(appID),
		"PUBLIC_URL":          "https://signpost.example.com/base//",
		"VENDOR_NAME":         "Vendor",
		"PWA_XAPI_ALLOW_LIST": "a.example.com , b.example.com",
	}), &table, &tokens, &provider, &launch, &secret)
	if err != nil {
		t.Fatal(err)
	}
	if table.Name != "installations" || tokens.AppID != appID {
		t.Errorf("table %q, app id %q", table.Name, tokens.AppID)
	}
	want := map[string]string{"us-west-2_r": "https://xapi-r.wbx2.com/jwks", "us-east-2_a": "http://localhost:3001/jwks"}
	if diff := cmp.Diff(want, tokens.KeySetURLs); diff != "" {
		t.Errorf("key sets (-want +got):\n%s", diff)
	}
	if err := tokens.Hosts.CheckURL("https://xapi-a.wbx2.com/x"); err != nil {
		t.Errorf("default hosts: %v", err)
	}
	if provider.PublicURL != "https://signpost.example.com/base" || provider.VerifyInterval != time.Hour ||
		provider.VendorName != "Vendor" || provider.ClientID != "C3f1b6a2" || provider.XAPIAllowList != "a.example.com,b.example.com" {
		t.Errorf("provider: %+v", provider)
	}
	if !launch.Provides(webex.DigitalSignage) || !launch.Provides(webex.PersistentWebApp) || launch.Provides("x") {
		t.Errorf("provided: %v", launch.DeviceURLs)
	}
	if launch.ContentURL != "https://content.example.com/page?tenant=a&b" || provider.DeviceURLs[webex.DigitalSignage] != environ(nil)["SIGNAGE_URL"] {
		t.Errorf("addresses were changed: %q, %v", launch.ContentURL, provider.DeviceURLs)
	}
	if secret.ID != "" || !strings.Contains(secret.JSON.Reveal(), marker) {
		t.Errorf("secret: id %q", secret.ID)
	}
}

func TestLoadReadsOnlyTheGroupsAsked(t *testing.T) {
	only := map[string]string{"INSTALLATIONS_TABLE": "installations", "SECRET_JSON": `{"contentApiKey":"k"}`}
	needs := config.Secret{Needs: []document.Part{document.ContentAPIKey}}
	if err := config.Load(only, &config.Table{}, &needs); err != nil {
		t.Errorf("launches needs no more than this: %v", err)
	}
	var tokens config.Tokens
	if err := config.Load(map[string]string{"WEBEX_APP_ID": appID}, &tokens); err != nil || len(tokens.KeySetURLs) != len(webex.DefaultRegions) {
		t.Errorf("trusted by default: %v, %v", tokens.KeySetURLs, err)
	}
}

func TestEnviron(t *testing.T) {
	got := config.Environ([]string{"A=1", "B=x=y", "C=", "nonsense"})
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "x=y", "C": ""}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzCheck: whatever the value of one variable, each problem names the variable and
// a fix, and contains no secret. Without problems, the settings are usable.
func FuzzCheck(f *testing.F) {
	names := slices.Sorted(maps.Keys(environ(nil)))
	names = append(names, "WEBEX_REGIONS", "WEBEX_JWKS_URLS", "WEBEX_HOSTS", "PUBLIC_URL", "VERIFY_INTERVAL", "VERIFY_RATE", "VENDOR_NAME", "SUPPORT_URL", "PWA_XAPI_ALLOW_LIST", "SECRET_ID")
	for i, name := range names {
		f.Add(uint8(i), environ(nil)[name])
	}
	f.Add(uint8(0), "https://x/?launch=1")
	f.Add(uint8(0), "http://127.0.0.1:1/$(deviceId)")
	f.Add(uint8(0), "a,*.b,\n,{}")
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		variable := names[int(which)%len(names)]
		settings := environ(map[string]string{variable: value})
		err := config.Check(settings)
		if err == nil {
			checkUsable(t, settings)
			return
		}
		for _, problem := range err.(*config.Error).Problems {
			if problem.Wrong == "" || problem.Fix == "" || !strings.Contains(problem.Variable, variable) && !strings.HasPrefix(variable, "WEBEX_") && variable != "PWA_URL" {
				t.Errorf("%s=%q: %+v", variable, value, problem)
			}
		}
		if variable == "SECRET_JSON" && len(value) > 30 && strings.Contains(err.Error(), value) || strings.Contains(err.Error(), marker) {
			t.Errorf("%s=%q: error tells a secret: %v", variable, value, err)
		}
	})
}

func checkUsable(t *testing.T, settings map[string]string) {
	t.Helper()
	var provider config.Provider
	var launch config.Launch
	var tokens config.Tokens
	if err := config.Load(settings, &provider, &launch, &tokens); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(provider.PublicURL, "/") || provider.VerifyInterval < time.Second || provider.VerifyInterval > 24*time.Hour {
		t.Errorf("provider: %+v", provider)
	}
	if len(launch.DeviceURLs) == 0 || launch.ContentURL == "" || len(tokens.KeySetURLs) == 0 {
		t.Errorf("launch %+v, tokens %+v", launch, tokens)
	}
}
