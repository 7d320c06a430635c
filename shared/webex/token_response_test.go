package webex_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// exchangeWith exchanges at an endpoint that answers 200 with this.
func exchangeWith(t *testing.T, contentType, body string) (webex.Tokens, error) {
	t.Helper()
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		io.WriteString(w, body)
	})
	return webex.NewClient(nil).Exchange(t.Context(), url, webex.Credentials{ClientID: "id"}, secret.New("refresh"))
}

// tokenAnswers all mean the same: access token a for an hour, refresh token new for
// a day.
var tokenAnswers = map[string]string{
	"plain":                    `{"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"byte order mark":          "\ufeff" + `{"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"white space":              " \r\n\t" + `{"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}` + "\n\x00",
	"numbers as text":          `{"access_token":"a","expires_in":"3600","refresh_token":"new","refresh_token_expires_in":"86400"}`,
	"fractions and exponents":  `{"access_token":"a","expires_in":3600.0,"refresh_token":"new","refresh_token_expires_in":8.64e4}`,
	"both":                     `{"access_token":"a","expires_in":"3600.5","refresh_token":"new","refresh_token_expires_in":"8.64E4"}`,
	"odd token_type":           `{"access_token":"a","token_type":7,"expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"another token_type":       `{"access_token":"a","token_type":"mac","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"odd unused members":       `{"scope":["a"],"id_token":{"x":[1]},"expiry":1e999,"accountExpiration":null,"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"an error of no meaning":   `{"error":null,"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400}`,
	"names in another case":    `{"Access_Token":"a","Expires_In":3600,"REFRESH_TOKEN":"new","refresh_token_expires_In":86400}`,
	"blanks around the tokens": `{"access_token":" a\n","expires_in":3600,"refresh_token":"\tnew","refresh_token_expires_in":86400}`,
	"not JSON at the end":      `{"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400,"life":NaN}`,
	"cut at the end":           `{"access_token":"a","expires_in":3600,"refresh_token":"new","refresh_token_expires_in":86400,`,
	"a form":                   "access_token=a&expires_in=3600&refresh_token=new&refresh_token_expires_in=86400&token_type=Bearer",
	"a form with a line end":   "\ufeffaccess_token=a&expires_in=3600&refresh_token=new&refresh_token_expires_in=86400\r\n",
	"a form, badly encoded":    "token_type=%zz&access_token=a&expires_in=3600&refresh_token=new&refresh_token_expires_in=86400",
}

// Neither the content type nor a byte order mark nor other members lose a token.
func TestTokenAnswersInOtherWords(t *testing.T) {
	want := webex.Tokens{Access: secret.New("a"), AccessLife: time.Hour, Refresh: secret.New("new"), RefreshLife: 24 * time.Hour}
	labels := []string{"application/json", "text/plain", "text/html; charset=utf-8", "application/x-www-form-urlencoded", "application/octet-stream", "nonsense; =", ""}
	for name, body := range tokenAnswers {
		for _, label := range labels {
			if got, err := exchangeWith(t, label, body); err != nil || !sameTokens(got, want) {
				t.Errorf("%s as %q: got %+v (%q, %q), %v", name, label, got, got.Access.Reveal(), got.Refresh.Reveal(), err)
			}
		}
	}
}

// An answer that breaks off before its refresh token is not used: the missing token
// may be the only valid one, and asking again returns it.
func TestTokenAnswerBrokenOff(t *testing.T) {
	for _, body := range []string{
		`{"access_token":"a","expires_in":3600,"refresh_to`, `{"access_token":"a","refresh_token":"ne`, `{"access_token":"a"`, `{"access_token":"a",`,
	} {
		if got, err := exchangeWith(t, "application/json", body); !errors.Is(err, webex.ErrUnavailable) {
			t.Errorf("%s: got %q, %v", body, got.Access.Reveal(), err)
		}
	}
}

// FuzzTokenAnswer: tokens are found in an answer with any other member.
func FuzzTokenAnswer(f *testing.F) {
	for _, value := range []string{`1`, `"1"`, `1e400`, `-0.0`, `{}`, `[[]]`, `null`, `"\u0000"`, `true`} {
		for _, name := range []string{"expires_in", "refresh_token_expires_in", "token_type", "scope", ""} {
			f.Add(name, value, "text/plain")
		}
	}
	f.Fuzz(func(t *testing.T, name, value, label string) {
		quoted, err := json.Marshal(name)
		if err != nil || !json.Valid([]byte(value)) || isToken(name) || isToken(string(quoted[1:len(quoted)-1])) {
			return
		}
		body := `{` + string(quoted) + `:` + value + `,"access_token":"a",` + string(quoted) + `:` + value + `,"refresh_token":"new"}`
		client := webex.NewClient(answering{label, body})
		got, err := client.Exchange(t.Context(), "https://webexapis.com/v1/access_token", webex.Credentials{ClientID: "id"}, secret.New("refresh"))
		if err != nil || got.Access.Reveal() != "a" || got.Refresh.Reveal() != "new" || got.AccessLife < 0 || got.RefreshLife < 0 {
			t.Errorf("%s as %q: %+v, %v", body, label, got, err)
		}
	})
}

func isToken(name string) bool { return name == "access_token" || name == "refresh_token" }

// answering is a transport that always gives this answer.
type answering struct{ contentType, body string }

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return response(r, http.StatusOK, a.contentType, a.body), nil
}
