package attack_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"sync"
	"testing"

	"signpost/shared/webex/webextest"
)

// TestGuessedLaunches: codes that were never given, among them what the table
// holds in the place of one that was.
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
		"a row of the organization": "org#" + f.org.ID(), "zeros": strings.Repeat("A", 43), "unicode": "\u202e" + code, "half of UTF-8": "\xc3", "8 KB": strings.Repeat("x", 8<<10), "a dot": ".", "two dots": "..",
	} {
		rows = append(rows, row{name, redeeming(url.PathEscape(guess), contentKey), unknownLaunch})
		rows = append(rows, row{name + ", without the key", redeeming(url.PathEscape(guess), "guess"), unauthorized})
	}
	for name, header := range map[string]string{
		"empty": "", "Bearer only": "Bearer", "the key only": contentKey, "Basic": "Basic " + contentKey, "two": "Bearer x, Bearer " + contentKey, "a part": "Bearer " + contentKey[:27], "more": "Bearer " + contentKey + "x",
		"in capitals": "Bearer " + strings.ToUpper(contentKey), "JSON": `Bearer ["` + contentKey + `"]`, "the code": "Bearer " + code, "64 KB": "Bearer " + strings.Repeat("x", 64<<10), "quoted": `Bearer "` + contentKey + `"`,
		"a token of Webex": "Bearer " + f.sign(f.claims(webextest.ActionCrossLaunch)), "undefined": "Bearer undefined", "null": "Bearer null", "redacted": "Bearer [redacted]",
	} {
		r := redeeming(code, "")
		r.headers["Authorization"] = header
		rows = append(rows, row{"credential: " + name, r, unauthorized})
	}
	f.attack(t, rows)
	mustSend(t, f.stack.URL(), redeeming(code, contentKey)).launchIs(t, f.victim)
	f.watch.last = f.watch.picture(t)
	f.attack(t, []row{{"shared with a second", redeeming(code, contentKey), unknownLaunch}})
}

// TestRacedLaunches: of a hundred who come at once with one code, one wins; and
// of many posts of one cross-launch token, one is a launch.
func TestRacedLaunches(t *testing.T) {
	f := newField(t, target)
	sendAtOnce(t, "redeemed", 100, 404, func() request { return redeeming(f.launch(t), contentKey) }, f.stack.URL())
	sendAtOnce(t, "launched", 20, 409, func() request { return post(manage, f.sign(f.claims(webextest.ActionCrossLaunch))) }, f.stack.URL())
}

// sendAtOnce sends one request many times at once. A race in which the machine was
// too slow for somebody's answer is run again; two winners are none.
func sendAtOnce(t *testing.T, name string, many, losing int, prize func() request, base string) {
	t.Helper()
	var count map[int]int
	for range 4 {
		count = atOnce(t, base, many, prize())
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

// atOnce sends one request many times side by side and counts the statuses.
func atOnce(t *testing.T, base string, times int, r request) map[int]int {
	t.Helper()
	var mu sync.Mutex
	count := map[int]int{}
	var wait sync.WaitGroup
	start := make(chan struct{})
	for range times {
		wait.Go(func() {
			<-start
			got, err := send(base, r)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			count[got.status]++
		})
	}
	close(start)
	wait.Wait()
	return count
}
