package attack_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// TestGuessedLaunches: codes that were never issued, such as what the table holds
// in the place of one.
func TestGuessedLaunches(t *testing.T) {
	f := newField(t, target)
	code := f.launch(t)
	f.watch.last = f.watch.picture(t)
	sum := sha256.Sum256([]byte(code))
	var rows []row
	for name, guess := range map[string]string{
		"the stored hash": encoded(sum[:]), "the hash in hex": hex.EncodeToString(sum[:]), "its row's key": "launch#" + encoded(sum[:]),
		"in capitals": strings.ToUpper(code), "a letter less": code[:42], "a letter more": code + "A", "a space after": code + " ", "a NUL after": code + "\x00", "padded": code + "=",
		"twice": code + code, "quoted": `"` + code + `"`, "upwards": "../launches/" + code, "a wildcard": "*", "an expression": "x' OR '1'='1", "an object": `{"$gt":""}`,
		"a row of the organization": "org#" + f.Org.ID(), "zeros": strings.Repeat("A", 43), "unicode": "\u202e" + code, "half of UTF-8": "\xc3", "8 KB": strings.Repeat("x", 8<<10), "a dot": ".", "two dots": "..",
	} {
		rows = append(rows, row{name, customer.Redeeming(url.PathEscape(guess), customer.NewKey), unknownLaunch})
		rows = append(rows, row{name + ", without the key", customer.Redeeming(url.PathEscape(guess), "guess"), unauthorized})
	}
	for name, header := range map[string]string{
		"empty": "", "Bearer only": "Bearer", "the key only": customer.NewKey, "Basic": "Basic " + customer.NewKey, "two": "Bearer x, Bearer " + customer.NewKey, "a part": "Bearer " + customer.NewKey[:27], "more": "Bearer " + customer.NewKey + "x",
		"in capitals": "Bearer " + strings.ToUpper(customer.NewKey), "JSON": `Bearer ["` + customer.NewKey + `"]`, "the code": "Bearer " + code, "64 KB": "Bearer " + strings.Repeat("x", 64<<10), "quoted": `Bearer "` + customer.NewKey + `"`,
		"a token of Webex": "Bearer " + f.sign(f.claims(webextest.ActionCrossLaunch)), "undefined": "Bearer undefined", "null": "Bearer null", "redacted": "Bearer [redacted]",
	} {
		r := customer.Redeeming(code, "")
		r.Headers["Authorization"] = header
		rows = append(rows, row{"credential: " + name, r, unauthorized})
	}
	f.attack(t, rows)
	launchIs(t, customer.Send(t, f.Stack.URL(), customer.Redeeming(code, customer.NewKey)), f.victim)
	f.watch.last = f.watch.picture(t)
	f.attack(t, []row{{"shared with a second", customer.Redeeming(code, customer.NewKey), unknownLaunch}})
}

// TestRacedLaunches: of 100 simultaneous redemptions of one code one succeeds, and
// of 20 posts of one cross-launch token one is a launch.
func TestRacedLaunches(t *testing.T) {
	f := newField(t, target)
	sendAtOnce(t, "redeemed", 100, 404, func() request { return customer.Redeeming(f.launch(t), customer.NewKey) }, f.Stack.URL())
	sendAtOnce(t, "launched", 20, 409, func() request { return customer.Post(manage, f.sign(f.claims(webextest.ActionCrossLaunch))) }, f.Stack.URL())
}

// sendAtOnce sends one request many times at once, of which one must succeed. It
// repeats a race in which the machine was too slow for an answer.
func sendAtOnce(t *testing.T, name string, many, losing int, prize func() request, base string) {
	t.Helper()
	var count map[int]int
	for range 4 {
		count = customer.AtOnce(t, base, many, prize())
		if count[200] == 1 && count[losing] == many-1 {
			return
		}
		if count[200] > 1 || count[200]+count[losing]+count[500]+count[503] != many {
			break
		}
		t.Logf("%s, by status: %v", name, count)
	}
	t.Errorf("%s, by status: %v", name, count)
}
