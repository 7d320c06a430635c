package attack_test

import (
	"bytes"
	"compress/gzip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

const (
	asJSON  = "application/json"
	asForm  = "application/x-www-form-urlencoded"
	asJWT   = "application/jwt"
	asText  = "text/plain"
	asNone  = ""
	asBytes = "application/octet-stream"
)

// TestBodies sends good tokens in broken bodies, and bodies without a token.
func TestBodies(t *testing.T) {
	f := newField(t, target)
	var rows []row
	add := func(bodies func(string) []brokenBody, addresses ...string) { // to the addresses in turn: they share the code that reads bodies
		for i, address := range addresses {
			for n, b := range bodies(f.sign(f.claims(doors[address]))) {
				for m, kind := range strings.Split(b.kinds, "|") {
					if (n+m)%len(addresses) != i {
						continue
					}
					r := request{Method: "POST", Path: address, ContentType: kind, Body: b.body}
					rows = append(rows, row{b.name + " as " + kind, r, malformed})
				}
			}
		}
	}
	add(brokenBodies, actions, page, assign, manage)
	add(pastedBodies, actions, assign, manage)
	f.attack(t, rows)
}

type brokenBody struct{ name, kinds, body string }

func brokenBodies(token string) []brokenBody {
	whole := customer.Encode(object{"jwt": token})
	half := token[:len(token)/2]
	return []brokenBody{
		{"empty", asJSON + "|" + asForm + "|" + asJWT + "|" + asText + "|" + asNone, ""}, {"blank", asJSON + "|" + asForm + "|" + asJWT + "|" + asNone, " \r\n\t "},
		{"cut short", asJSON + "|" + asNone, whole[:len(whole)-1]}, {"with a second", asJSON, whole + whole}, {"with more", asJSON, whole + "x"},
		{"in a list", asJSON, "[" + whole + "]"}, {"text", asJSON, customer.Encode(token)}, {"null", asJSON, "null"}, {"number", asJSON, "7"}, {"truth", asJSON, "true"},
		{"no jwt", asJSON, `{"token":` + customer.Encode(token) + `}`}, {"jwt null", asJSON, `{"jwt":null}`}, {"jwt empty", asJSON, `{"jwt":""}`},
		{"jwt number", asJSON, `{"jwt":1}`}, {"jwt list", asJSON, `{"jwt":[` + customer.Encode(token) + `]}`}, {"jwt object", asJSON, `{"jwt":{"jwt":` + customer.Encode(token) + `}}`},
		{"jwt twice, the last empty", asJSON, `{"jwt":` + customer.Encode(token) + `,"jwt":""}`}, {"jwt twice, the last a number", asJSON, `{"jwt":` + customer.Encode(token) + `,"jwt":1}`},
		{"JWS in JSON", asJSON, `{"jwt":{"payload":"e30","signatures":[]}}`}, {"single quotes", asJSON, `{'jwt':'` + token + `'}`}, {"comment", asJSON, `{/**/"jwt":` + customer.Encode(token) + `}`},
		{"no quotes", asJSON, `{jwt:` + token + `}`}, {"UTF-16", asJSON + "|application/json; charset=utf-16|" + asBytes, inUTF16(whole)}, {"no UTF-8", asBytes + "|" + asForm, whole + "\xff"},
		{"NUL before", asJSON + "|" + asBytes, "\x00" + whole}, {"deep", asJSON, `{"x":` + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + `,` + whole[1:]},
		{"deep and open", asJSON, strings.Repeat(`{"jwt":`, 50_000)}, {"XML", "application/xml|text/xml", `<jwt>` + token + `</jwt>`},
		{"entities", "application/xml", `<!DOCTYPE l [<!ENTITY a "` + token + `"><!ENTITY b "&a;&a;">]><jwt>&b;</jwt>`}, {"YAML", "application/yaml", "jwt: " + token},
		{"multipart", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"jwt\"\r\n\r\n" + token + "\r\n--b--\r\n"},
		{"form without jwt", asForm, "token=" + token}, {"form, jwt empty", asForm, "jwt=&x=" + token}, {"form, jwt twice", asForm, "jwt=" + token + "&jwt=" + token},
		{"form, half an escape", asForm, "jwt=" + token + "&x=%"}, {"form, bad escape", asForm, "jwt=%zz" + token}, {"form, semicolons", asForm, "x=1;jwt=" + token},
		{"form, list", asForm, "jwt[]=" + token}, {"form, in capitals", asForm, "JWT=" + token}, {"form labelled as JSON", asJSON, "jwt=" + token},
		{"form of nothing", asForm, "&&&"}, {"form, cut token", asForm, "jwt=" + url.QueryEscape(half)},
		{"words around it", asJSON, `{"jwt":` + customer.Encode("code: "+token) + `}`}, {"a zero-width space behind it", asJSON, `{"jwt":` + customer.Encode(token+"\u200b") + `}`},
		{"half a token", asJWT + "|" + asText + "|" + asJSON, half},
		{"a page", "text/html", "<form><input name=jwt value=" + token + "></form>"}, {"bytes", "image/png|" + asBytes + "|" + asJSON + "|" + asForm, "\x89PNG\r\n\x1a\n"},
	}
}

// pastedBodies are what people copy. The activation page finds the token in them,
// other addresses must not.
func pastedBodies(token string) []brokenBody {
	half := token[:len(token)/2]
	return []brokenBody{
		{"token in quotes", asJWT + "|" + asText, `"` + token + `"`}, {"token in two lines", asJWT + "|" + asText, half + "\n" + token[len(half):]}, {"Bearer token", asJWT + "|" + asText, "Bearer " + token},
		{"token with NUL", asJWT, token + "\x00"}, {"data URL", asText, "data:application/jwt," + token}, {"two tokens", asJWT + "|" + asText, token + " " + token},
		{"token in two lines of a form", asForm, "jwt=" + half + "%0A" + token[len(half):]},
	}
}

func inUTF16(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

// TestCrossLaunchBodies: a good token beside bad members, which are not signed.
func TestCrossLaunchBodies(t *testing.T) {
	f := newField(t, target)
	beside := func(name string, wanted want, members string) row {
		token := customer.Encode(f.sign(f.claims(webextest.ActionCrossLaunch)))
		return row{name, request{Method: "POST", Path: assign, ContentType: asJSON, Body: `{"jwt":` + token + "," + members + "}"}, wanted}
	}
	device := `{"deviceId":"x"}`
	f.attack(t, []row{
		beside("devices: text", malformed, `"devices":"all"`), beside("devices: object", malformed, `"devices":{"deviceId":"x"}`), beside("devices: number", malformed, `"devices":1`),
		beside("devices: list of texts", malformed, `"devices":["x"]`), beside("devices: list of lists", malformed, `"devices":[[]]`), beside("device: null", malformed, `"devices":[null]`),
		beside("deviceId: empty", malformed, `"devices":[{"deviceId":""}]`), beside("deviceId: missing", malformed, `"devices":[{"displayName":"x"}]`), beside("deviceId: number", malformed, `"devices":[{"deviceId":1}]`),
		beside("deviceId: object", malformed, `"devices":[{"deviceId":{"S":"x"}}]`), beside("deviceId: null", malformed, `"devices":[{"deviceId":null}]`),
		beside("deviceId: 513 bytes", malformed, `"devices":[{"deviceId":"`+strings.Repeat("x", 513)+`"}]`), beside("deviceId: 513 bytes of unicode", malformed, `"devices":[{"deviceId":"x`+strings.Repeat("é", 256)+`"}]`),
		beside("displayName: 513 bytes", malformed, `"devices":[{"deviceId":"x","displayName":"`+strings.Repeat("x", 513)+`"}]`), beside("displayName: list", malformed, `"devices":[{"deviceId":"x","displayName":[]}]`),
		beside("the last of many is bad", malformed, `"devices":[`+strings.Repeat(device+",", 5000)+`{}]`), beside("10,001 devices", tooMany, `"devices":[`+strings.Repeat(device+",", 10_000)+device+`]`),
		beside("50,001 devices", tooMany, `"devices":[`+strings.Repeat(device+",", 50_000)+device+`]`),
		beside("task: number", malformed, `"task":1`), beside("task: list", malformed, `"task":[]`), beside("task: another", wrongAction, `"task":"manage_content"`), beside("task: another, otherwise written", wrongAction, `"task":"ManageContent"`),
	})
}

// TestBigBodies: functions refuse bodies up to the limit of 6 MB, API Gateway
// those beyond it.
func TestBigBodies(t *testing.T) {
	f := newField(t, target)
	const big = 5_500_000
	token := func(door string) string { return f.sign(f.claims(doors[door])) }
	var rows []row
	at := func(name, door string, wanted want, kind, body string) {
		rows = append(rows, row{name, request{Method: "POST", Path: door, ContentType: kind, Body: body}, wanted})
	}
	// Each at one address: they share the code that reads bodies.
	at("a token of 5.5 MB", actions, malformed, asJSON, `{"jwt":"`+strings.Repeat("a", big)+`"}`)
	at("a bare token of 1 MB", page, malformed, asJWT, strings.Repeat("a", 1_000_000)+".a.a")
	at("a form of 1 MB", page, malformed, asForm, "jwt="+strings.Repeat("%41", 1_000_000/3))
	forged := token(manage)
	at("1 MB around a forged token", manage, badSignature, asJSON, `{"x":"`+strings.Repeat("x", 1_000_000)+`","jwt":"`+forged[:strings.LastIndexByte(forged, '.')+1]+`"}`)
	at("6 MB", actions, tooLarge, asJSON, `{"jwt":"`+token(actions)+`","x":"`+strings.Repeat("x", 6<<20)+`"}`)
	at("5 MB that become over 6 as base64", page, tooLarge, asForm, "jwt="+token(page)+"&x="+strings.Repeat("x", 5<<20))
	rows = append(rows, row{"a bomb", request{
		Method: "POST", Path: page, ContentType: asJSON, Body: gzipped(bytes.Repeat([]byte(" "), 1<<20)), Headers: map[string]string{"Content-Encoding": "gzip"},
	}, malformed})
	f.attack(t, rows)
}

func gzipped(content []byte) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // a buffer takes all
	_ = w.Close()
	return b.String()
}
