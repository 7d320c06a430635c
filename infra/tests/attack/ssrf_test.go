package attack_test

import (
	"fmt"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// urlClaims are the claims with addresses that we may call.
var urlClaims = []string{"oauthUrl", "appUrl", "manifestUrl", "webexapisBaseUrl", "signageUrl", "pwaUrl"}

// evilURLs lead, or are meant to lead, elsewhere than to Webex. Port is the
// canary's, which notices calls to it.
func evilURLs(port string) []string {
	urls := strings.Fields(strings.ReplaceAll(`
		http://localhost:PORT/ http://LOCALHOST:PORT/ http://[::1]:PORT/ http://[::ffff:127.0.0.1]:PORT/ http://[::]:PORT/ http://0.0.0.0:PORT/ http://0:PORT/
		http://2130706433:PORT/ http://0x7f000001:PORT/ http://017700000001:PORT/ http://0177.0.0.1:PORT/ http://0x7f.1:PORT/ http://127.1:PORT/
		http://127.0.0.2:PORT/ http://127.0.0.1.:PORT/ http://127.0.0.01:PORT/ http://127.0.0.1%2f:PORT/ http://①②⑦.0.0.1:PORT/ http://127。0。0。1:PORT/
		http://webexapis.com@127.0.0.1:PORT/ http://webexapis.com:x@127.0.0.1:PORT/ https://webexapis.com@127.0.0.1:PORT/ http://@127.0.0.1:PORT/
		http://127.0.0.1:PORT@evil.test/ https://127.0.0.1:PORT#@webexapis.com/ http://127.0.0.1:PORT\@webexapis.com/ http://127.0.0.1:PORT\.wbx2.com/
		//127.0.0.1:PORT/ /\127.0.0.1:PORT/ http:127.0.0.1:PORT/ http:/127.0.0.1:PORT/ http:///127.0.0.1:PORT/ 127.0.0.1:PORT /v1 x
		ftp://127.0.0.1:PORT/ gopher://127.0.0.1:PORT/_x file:///etc/passwd file://127.0.0.1/etc/passwd javascript:alert(1) data:,x unix:///x jar:http://127.0.0.1:PORT!/ ws://127.0.0.1:PORT/
		http://webexapis.com/ https://webexapis.com:PORT/ https://webexapis.com:8443/ https://webexapis.com:80/ https://webexapis.com:/ https://webexapis.com:0443/
		https://webexapis.com.evil.test/ https://webexapis.com.evil.test:443/ https://evil.test/webexapis.com https://evil.test/?webexapis.com https://evil.test/#webexapis.com https://evil.test#.wbx2.com
		https://evilwebexapis.com/ https://evil-webexapis.com/ https://evilwbx2.com/ https://wbx2.com/ https://.wbx2.com/ https://-.wbx2.com/ https://a..wbx2.com/ https://a_b.wbx2.com/
		https://webexapis.com./ https://a.wbx2.com./ https://a.wbx2.com../ https://evil.test%2f.wbx2.com/ https://evil.test%00.wbx2.com/ https://evil.test%23.wbx2.com/ https://evil.test\.wbx2.com/ https://evil.test?.wbx2.com/
		https://webexapis。com/ https://webexapis.cοm/ https://ｗebexapis.com/ https://webexapis.com%2eevil.test/ https://xn--webexapis.com.evil.test/
		https://169.254.169.254/latest/meta-data/ http://169.254.169.254/ https://[fd00:ec2::254]/ https://10.0.0.1/ https://metadata.google.internal/
		https://[webexapis.com]/ https://[::1%25lo]:443/ https://webexapis.com:x/ https://webexapis.com:99999/ https://user@webexapis.com/ https://user:pass@a.wbx2.com/ https://webexapis.com/#x
	`, "PORT", port))
	return append(urls, "https://webexapis.com\t.evil.test/", " https://webexapis.com/", "https://webexapis.com\r\nHost: evil.test/", "https://webexapis.com /", "https://web\x00exapis.com/")
}

// TestURLClaims puts each address into every claim of an activation code and of
// an update, after which we would call it with our credentials.
func TestURLClaims(t *testing.T) {
	f := newField(t, target)
	for i, evil := range evilURLs(f.canary.port) {
		t.Run(customer.Encode(evil), func(t *testing.T) {
			for _, claim := range urlClaims {
				token := f.sign(customer.Merged(f.claims(webextest.ActionProvision), object{claim: evil}))
				check(t, customer.Send(t, f.Stack.URL(), customer.Post(page, token)), untrustedURL)
			}
			for _, action := range []string{webextest.ActionUpdate, webextest.ActionUpdateApproved} {
				token := f.sign(customer.Merged(f.claims(action), object{"appUrl": evil, "signageUrl": evil}))
				check(t, customer.Send(t, f.Stack.URL(), customer.Post(actions, token)), untrustedURL)
			}
		})
		if i%batch == 0 {
			f.watch.unchanged(t, "the last addresses up to "+evil)
		}
	}
	t.Run("a trusted host that is no token endpoint", func(t *testing.T) {
		for _, url := range []string{"https://a.wbx2.com/v1/access_token", "https://a.ciscospark.com/", "https://xwebexapis.com.wbx2.com/"} {
			token := f.sign(customer.Merged(f.claims(webextest.ActionProvision), object{"oauthUrl": url}))
			check(t, customer.Send(t, f.Stack.URL(), customer.Post(page, token)), untrustedURL)
		}
		f.watch.unchanged(t)
	})
}

// TestRedirects: a redirect from a trusted address is never followed: each call
// carries a credential.
func TestRedirects(t *testing.T) {
	s := otherStack(t)
	c := newCanary(t, keys.document)
	for _, status := range []int{302, 307, 308} {
		for _, kind := range []string{webextest.KindToken, webextest.KindApp, webextest.KindSignage, webextest.KindPWA} {
			v := newVictim(t, s)
			s.Webex().Inject(webextest.Fault{
				Kind: kind, OrgID: v.Org.ID(), Status: status, Redirect: "http://127.0.0.1:" + c.port + "/" + kind,
			})
			s.Webex().RevokeAccessTokens(v.Org.ID()) // so that a new one is asked for
			for _, r := range []request{
				customer.Post(actions, v.sign(v.claims(webextest.ActionUpdateApproved))),
				customer.Post(actions, v.sign(v.claims(webextest.ActionHealthCheck))),
				customer.Post(page, v.sign(v.activation())),
			} {
				if got := customer.Send(t, s.URL(), r); got.Status >= 500 && got.Status < 502 {
					t.Errorf("%d at %s: %s is answered %d %s", status, kind, r.Path, got.Status, got.Body)
				}
			}
			if calls := c.calls(); calls != "" {
				t.Fatalf("%d at %s was followed:\n%s", status, kind, calls)
			}
		}
	}
	// The key set too, of a region whose set no process has yet.
	s.Webex().Inject(webextest.Fault{Kind: webextest.KindJWKS, Redirect: "http://127.0.0.1:" + c.port + "/jwks"})
	token := rawToken(customer.Encode(goodHeader), fmt.Sprintf(`{"sub":"x","region":%q}`, west), goodSigner())
	check(t, customer.Send(t, s.URL(), customer.Post(manage, token)), unavailable)
	if calls := c.calls(); calls != "" {
		t.Errorf("the key set's redirect was followed:\n%s", calls)
	}
}
