package webex_test

import (
	"errors"
	"testing"

	"signpost/shared/webex"
)

// What a URL is trusted for.
const api, oauth = 1, 2

var urlTests = map[string]int{
	"https://webexapis.com/v1/access_token":             api | oauth,
	"https://integration.webexapis.com/v1/access_token": api | oauth,
	"https://webexapis-usgov.webex.com/v1":              api | oauth,
	"https://WEBEXAPIS.com:443/v1":                      api | oauth,
	"https://xapi-a.wbx2.com/xapi/api":                  api,
	"https://xapi.gov.ciscospark.com/x":                 api,
	"http://127.0.0.1:3001/us/app":                      api | oauth,
	"http://localhost:3001/us/app":                      0, // not listed
	"http://webexapis.com/v1":                           0,
	"https://webexapis.com:8443/v1":                     0,
	"https://webexapis.com:/v1":                         0,
	"https://webexapis.com.evil.test/":                  0,
	"https://evilwebexapis.com/":                        0,
	"https://evil.test/webexapis.com":                   0,
	"https://webexapis.com@evil.test/":                  0,
	"https://user@webexapis.com/":                       0,
	"https://webexapis.com./":                           0,
	"https://.wbx2.com/":                                0,
	"https://a..wbx2.com/":                              0,
	"https://wbx2.com/":                                 0,
	"https://evil.test#.wbx2.com":                       0,
	"https://evil.test\\.wbx2.com/":                     0,
	"https://evil.test%2f.wbx2.com/":                    0,
	"https://[::1]/":                                    0,
	"https://[::ffff:127.0.0.1]/":                       0,
	"http://2130706433/":                                0,
	"http://0x7f000001/":                                0,
	"http://0177.0.0.1/":                                0,
	"http://127.1/":                                     0,
	"https://169.254.169.254/latest":                    0,
	"https:webexapis.com":                               0,
	"//webexapis.com/":                                  0,
	"/v1":                                               0,
	"file:///etc/passwd":                                0,
	"ftp://127.0.0.1/":                                  0,
	"":                                                  0,
}

func TestHosts(t *testing.T) {
	hosts, err := webex.ParseHosts("127.0.0.1,"+webex.DefaultHosts, true)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range urlTests {
		check := func(name string, err error, good bool) {
			if good != (err == nil) || (err != nil && !errors.Is(err, webex.ErrUntrustedURL)) {
				t.Errorf("%s %q: error = %v, want good = %v", name, url, err, good)
			}
		}
		check("URL", hosts.CheckURL(url), want&api != 0)
		check("OAuth URL", hosts.CheckOAuthURL(url), want&oauth != 0)
	}
}

func TestParseHostsRefuses(t *testing.T) {
	for _, list := range []string{
		"", ",", "*", "*.*.com", "a.com:443", "https://a.com", "a.com/x", "a b", "-a.com", "a..b", "127.0.0.1", "LOCALHOST",
	} {
		if _, err := webex.ParseHosts(list, false); err == nil {
			t.Errorf("%q is accepted", list)
		}
	}
}
