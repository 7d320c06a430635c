package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"signpost/shared/gateway"
)

func TestHeader(t *testing.T) {
	for _, name := range []string{"authorization", "Authorization", "AUTHORIZATION"} {
		request := gateway.NewRequest(events.APIGatewayV2HTTPRequest{Headers: map[string]string{name: "x", "other": "y"}})
		if request.Header("authorization") != "x" || request.Header("Authorization") != "x" || request.Header("Accept") != "" {
			t.Errorf("%s is not found, or another header is", name)
		}
	}
}

func TestRequestParts(t *testing.T) {
	event := events.APIGatewayV2HTTPRequest{RouteKey: "POST /launches/{code}", PathParameters: map[string]string{"code": "c"}}
	event.RequestContext.DomainName, event.RequestContext.HTTP.Method = "api.example.com", "POST"
	request := gateway.NewRequest(event)
	got := []string{request.RouteKey(), request.PathValue("code"), request.PathValue("x"), request.DomainName(), request.Method()}
	if want := []string{"POST /launches/{code}", "c", "", "api.example.com", "POST"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"Bearer key": "key", "bearer  key ": "key", "Basic key": "", "Bearer": "", "Bearer ": "", "key": "", "": "", "Bearer a b": "a b",
	} {
		request := gateway.NewRequest(events.APIGatewayV2HTTPRequest{Headers: map[string]string{"authorization": header}})
		if got := request.Bearer(); got != want {
			t.Errorf("%q: got %q, want %q", header, got, want)
		}
	}
}

func TestWantsHTML(t *testing.T) {
	for accept, want := range map[string]bool{
		"": false, "*/*": false, "text/*": false, "application/json": false, "text/htmlx": false,
		"text/html": true, "TEXT/HTML": true, " text/html ;level=1": true,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": true,
		"application/json, text/html;q=0.5":                               false,
		"application/json;q=0.5, text/html;q=0.5":                         true,
		"text/html;q=0":        false,
		"text/html;q=0.000":    false,
		"text/html; Q=0.1":     true,
		"text/html;q=nonsense": false,
		"text/html;q=NaN":      false,
		"text/html;q=2":        false,
	} {
		request := gateway.NewRequest(events.APIGatewayV2HTTPRequest{Headers: map[string]string{"Accept": accept}})
		if got := request.WantsHTML(); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}

// extended is a body with more than the token.
type extended struct {
	gateway.Envelope
	Devices []struct {
		DeviceID string `json:"deviceId"`
	} `json:"devices"`
}

const (
	token    = "eyJh.eyJi.c2ln"
	jsonType = "application/json"
	form     = "application/x-www-form-urlencoded"
)

// tokenTests are bodies, and the token in each.
var tokenTests = []struct {
	name, contentType, body string
	base64                  bool
	want                    string
	wrong                   string // a part of the problem's detail
}{
	{name: "JSON", contentType: jsonType, body: `{"jwt":"` + token + `"}`, want: token},
	{name: "JSON with more", contentType: "Application/JSON; charset=utf-8", body: ` {"devices":[{"deviceId":"d"}],"x":1,"jwt":"` + token + `"} ` + "\n", want: token},
	{name: "JSON of another kind", contentType: "application/vnd.webex+json", body: `{"jwt":"` + token + `"}`, want: token},
	{name: "JSON without a type", body: `{"jwt":"` + token + `"}`, want: token},
	{name: "JSON as a form", contentType: form, body: `{"jwt":"` + token + `"}`, want: token},
	{name: "JSON as text", contentType: "text/plain;charset=UTF-8", body: `{"jwt":"` + token + `"}`, want: token},
	{name: "JSON with a byte order mark", contentType: jsonType, body: "\ufeff{\"jwt\":\"" + token + "\"}", want: token},
	{name: "JSON with a byte order mark and white space", contentType: jsonType, body: "\n\ufeff {\"jwt\":\"" + token + "\"}\n", base64: true, want: token},
	{name: "JSON in base64", contentType: jsonType, body: `{"jwt":"` + token + `"}`, base64: true, want: token},
	{name: "JSON, token is not looked at", contentType: jsonType, body: `{"jwt":"x y"}`, want: "x y"},

	{name: "form", contentType: form, body: "x=1&jwt=" + token, want: token},
	{name: "form in base64", contentType: form + "; charset=utf-8", body: "jwt=" + token, base64: true, want: token},
	{name: "form, what was pasted is not looked at", contentType: form, body: "jwt=+eyJh.%0D%0AeyJi.%09c2ln%0A", want: " eyJh.\r\neyJi.\tc2ln\n"},
	{name: "form, with a byte order mark", contentType: form, body: "\ufeffjwt=" + token, want: token},
	{name: "form without fields", contentType: form, body: token + "\n", want: token},
	{name: "form without fields, with a byte order mark", contentType: form, body: "\ufeff" + token + "\r\n", base64: true, want: token},
	{name: "form without fields, in lines", contentType: form, body: "eyJh\n.eyJi.c2ln", want: "eyJh\n.eyJi.c2ln"},

	{name: "bare token", contentType: "application/jwt", body: token + "\r\n", want: token},
	{name: "bare token as text", contentType: "text/plain", body: token, want: token},
	{name: "bare token without a type", body: token, want: token},
	{name: "bare token of an odd type", contentType: "application/octet-stream", body: token, want: token},
	{name: "bare token, unsigned", body: "eyJh.eyJi.", want: "eyJh.eyJi."},
	{name: "bare token in base64", contentType: "application/jwt", body: token, base64: true, want: token},
	{name: "bare nonsense is the verifier's to refuse", contentType: "text/plain", body: "nonsense", want: "nonsense"},

	{name: "nothing", wrong: "no token"},
	{name: "white space", contentType: jsonType, body: " \n ", wrong: "no token"},
	{name: "nonsense without a type", body: "nonsense", wrong: "no token"},
	{name: "byte order mark", contentType: form, body: "\ufeff\n\ufeff", wrong: "no token"},
	{name: "upload", contentType: "multipart/form-data; boundary=x", body: "--x", wrong: "no token"},
	{name: "JSON array", contentType: jsonType, body: `["` + token + `"]`, wrong: "not an object"},
	{name: "JSON string", contentType: jsonType, body: `"` + token + `"`, wrong: "not an object"},
	{name: "JSON cut short", contentType: jsonType, body: `{"jwt":"` + token, wrong: "not JSON"},
	{name: "JSON and more", contentType: jsonType, body: `{"jwt":"` + token + `"}}`, wrong: "not JSON"},
	{name: "two JSON objects", contentType: jsonType, body: `{"jwt":"` + token + `"}{"jwt":"x"}`, wrong: "not JSON"},
	{name: "no jwt", contentType: jsonType, body: `{"token":"x"}`, wrong: `no "jwt"`},
	{name: "null jwt", contentType: jsonType, body: `{"jwt":null}`, wrong: `no "jwt"`},
	{name: "empty jwt", contentType: jsonType, body: `{"jwt":""}`, wrong: `no "jwt"`},
	{name: "number for jwt", contentType: jsonType, body: `{"jwt":12345}`, wrong: `"jwt" is of the wrong type`},
	{name: "list for jwt", contentType: jsonType, body: `{"jwt":["x"]}`, wrong: `"jwt" is of the wrong type`},
	{name: "number for a device", contentType: jsonType, body: `{"jwt":"x","devices":[{"deviceId":12345}]}`, wrong: `"devices.deviceId" is of the wrong type`},
	{name: "object for devices", contentType: jsonType, body: `{"jwt":"x","devices":{}}`, wrong: `"devices" is of the wrong type`},
	{name: "form without jwt", contentType: form, body: "token=x", wrong: "field jwt"},
	{name: "form with an empty jwt", contentType: form, body: "jwt=+%0A", wrong: "field jwt"},
	{name: "form with two", contentType: form, body: "jwt=a&jwt=b", wrong: "several"},
	{name: "form badly encoded", contentType: form, body: "jwt=%zz", wrong: "not encoded"},
	{name: "not UTF-8", contentType: jsonType, body: "{\"jwt\":\"\xff\"}", base64: true, wrong: "UTF-8"},
}

func TestToken(t *testing.T) {
	for _, test := range tokenTests {
		t.Run(test.name, func(t *testing.T) {
			into := &extended{}
			for _, into := range []gateway.Enveloped{into, nil} {
				if into == nil && strings.Contains(test.wrong, "devices") {
					continue // these fields are not looked at then
				}
				got, err := request(test.contentType, test.body, test.base64).Token(into)
				if got != test.want || (err != nil) != (test.wrong != "") {
					t.Fatalf("got %q, %v", got, err)
				}
				if err != nil {
					checkMalformed(t, err, test.wrong)
				}
			}
			if test.name == "JSON with more" && (len(into.Devices) != 1 || into.Devices[0].DeviceID != "d") {
				t.Errorf("further fields: %+v", into)
			}
		})
	}
}

// TestPastedToken: text that people copied is searched for the token, JSON is not.
func TestPastedToken(t *testing.T) {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256"}`))
	token := header + ".eyJi." + strings.Repeat("s", 86)
	other := header + ".eyJj." + strings.Repeat("s", 86)
	for _, test := range []struct{ name, contentType, body, want string }{
		{"form", form, url.Values{"jwt": {"Code: " + token[:40] + "\r\n" + token[40:] + "\u200b\nBye"}}.Encode(), token},
		{"bare", "text/plain", "> `" + token + "`", token},
		{"form without fields", form, "Bearer " + token, token},
		{"JSON in a form", form, url.Values{"jwt": {`{"jwt":"` + token + `"}`}}.Encode(), token},
		{"JSON", jsonType, `{"jwt":"` + token + `"}`, token},
		{"JSON with words", jsonType, `{"jwt":"Code: ` + token + `"}`, "Code: " + token},
	} {
		if got, err := request(test.contentType, test.body, false).PastedToken(); got != test.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
	for body, say := range map[string]string{token + " " + other: "several different tokens", " \n": "no token"} {
		_, err := request("text/plain", body, false).PastedToken()
		if problem := gateway.ProblemOf(err); problem.Code != "malformed_request" || !strings.Contains(problem.Detail, say) {
			t.Errorf("%.20q: %+v, want %q", body, problem, say)
		}
	}
}

func checkMalformed(t *testing.T, err error, say string) {
	t.Helper()
	problem := gateway.ProblemOf(err)
	if !errors.Is(err, gateway.ErrMalformedRequest) || problem.Code != "malformed_request" || problem.Status != 400 {
		t.Errorf("error %v became %+v", err, problem)
	}
	if !strings.Contains(problem.Detail, say) {
		t.Errorf("detail does not say %q: %s", say, problem.Detail)
	}
	if strings.Contains(problem.Detail, "12345") {
		t.Errorf("detail repeats the request: %s", problem.Detail)
	}
}

func TestBadBase64(t *testing.T) {
	event := events.APIGatewayV2HTTPRequest{Body: "%%%", IsBase64Encoded: true}
	_, err := gateway.NewRequest(event).Token(nil)
	checkMalformed(t, err, "base64")
}

func request(contentType, body string, encoded bool) gateway.Request {
	event := events.APIGatewayV2HTTPRequest{Headers: map[string]string{"Content-Type": contentType}, Body: body, IsBase64Encoded: encoded}
	if encoded {
		event.Body = base64.StdEncoding.EncodeToString([]byte(body))
	}
	return gateway.NewRequest(event)
}

// FuzzToken: any body is a token or a malformed request, in base64 or not, and a token
// is found in each of its forms.
func FuzzToken(f *testing.F) {
	for _, test := range tokenTests {
		f.Add(test.contentType, test.body)
	}
	for _, body := range []string{`{"jwt":1,"devices":[{}]}`, "jwt=%", "\xff", "a.b.c"} {
		f.Add("x/y", body)
	}
	f.Fuzz(func(t *testing.T, contentType, body string) {
		token, err := request(contentType, body, true).Token(&extended{})
		if (err == nil) == (token == "") {
			t.Fatalf("token %q, error %v", token, err)
		}
		if err != nil {
			checkMalformed(t, err, "")
		}
		if plain, plainErr := request(contentType, body, false).Token(&extended{}); plain != token || (plainErr == nil) != (err == nil) {
			t.Errorf("base64: %q, %v; plain: %q, %v", token, err, plain, plainErr)
		}
		checkForms(t, body)
	})
}

func checkForms(t *testing.T, token string) {
	t.Helper()
	if token == "" || !utf8.ValidString(token) || strings.Join(strings.Fields(token), "") != token || token[0] == '{' || strings.Trim(token, "\ufeff") != token {
		return
	}
	inJSON, err := json.Marshal(map[string]string{"jwt": token})
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"application/json": string(inJSON), "application/x-www-form-urlencoded": url.Values{"jwt": {token}}.Encode(), "application/jwt": token,
	}
	for contentType, body := range forms {
		if got, err := request(contentType, body, false).Token(nil); got != token || err != nil {
			t.Errorf("as %s: %q became %q, %v", contentType, token, got, err)
		}
	}
}
