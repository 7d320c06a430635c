package attack_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"signpost/infra/tests/customer"
	"signpost/shared/integration"
	"signpost/shared/webex/webextest"
)

// with makes a well-signed token from the good claims with changes.
func (f *field) with(name string, wanted want, changes object) forgery {
	return forgery{name, wanted, func(claims object) string { return f.sign(customer.Merged(claims, changes)) }}
}

// written makes a well-signed token whose claims are any text, written from the
// members of the good claims without the braces.
func written(name string, wanted want, write func(members string) string) forgery {
	return forgery{name, wanted, func(claims object) string {
		text := customer.Encode(claims)
		return rawToken(customer.Encode(goodHeader), write(text[1:len(text)-1]), goodSigner())
	}}
}

// TestClaimsThatAreNone: well-signed text in the place of claims, and claims that
// are huge, deep, or duplicates.
func TestClaimsThatAreNone(t *testing.T) {
	f := newField(t, target)
	fixed := func(text string) func(string) string { return func(string) string { return text } }
	deep := func(levels int) func(string) string {
		return func(m string) string {
			return `{"x":` + strings.Repeat("[", levels) + strings.Repeat("]", levels) + `,"appId":"` + customer.OtherApp + `",` + without(m, "appId") + `}`
		}
	}
	f.everywhere(t, []forgery{
		written("a list", malformed, func(m string) string { return "[{" + m + "}]" }),
		written("a text", malformed, fixed(`"deprovision"`)), written("null", malformed, fixed("null")), written("a number", malformed, fixed("1")),
		written("no JSON", malformed, fixed("sub=x")), written("XML", malformed, fixed(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`)),
		written("cut short", malformed, func(m string) string { return "{" + m }),
		written("two objects", malformed, func(m string) string { return "{" + m + "}{" + m + "}" }),
		written("a comma too many", malformed, func(m string) string { return "{" + m + ",}" }),
		written("a BOM", malformed, func(m string) string { return "\ufeff{" + m + "}" }),
		written("single quotes", malformed, func(m string) string { return strings.ReplaceAll("{"+m+"}", `"`, "'") }),
		written("NaN", malformed, func(m string) string { return `{"x":NaN,` + m + "}" }),
		written("UTF-16", malformed, func(m string) string { return "\xfe\xff\x00{" + m }),
		written("deep beyond the limit", malformed, deep(20_000)),
		written("deep, and of another app", wrongApp, deep(4_000)),
		written("huge, and of another app", wrongApp, func(m string) string {
			return `{"x":"` + strings.Repeat("x", 40<<10) + `","appId":"` + customer.OtherApp + `",` + without(m, "appId") + `}`
		}),
		written("huge beyond the limit", malformed, func(m string) string { return `{"x":"` + strings.Repeat("x", 50<<10) + `",` + m + `}` }),
		written("5,000 claims, and of another app", wrongApp, func(m string) string {
			return `{"appId":"` + customer.OtherApp + `",` + strings.Repeat(`"x":1,`, 5_000) + without(m, "appId") + `}`
		}),
		// Of two claims with one name the last counts.
		written("another app after ours", wrongApp, func(m string) string { return "{" + m + `,"appId":"` + customer.OtherApp + `"}` }),
		written("another action after the right one", wrongAction, func(m string) string { return "{" + m + `,"action":"dance"}` }),
		written("an old iat after a new one", expired, func(m string) string { return "{" + m + `,"iat":1}` }),
		written("a number after the sub", malformed, func(m string) string { return "{" + m + `,"sub":7}` }),
		written("null after the jti", malformed, func(m string) string { return "{" + m + `,"jti":null}` }),
		// A name in another case, or in another alphabet, is another claim.
		written("our app in capitals", wrongApp, func(m string) string {
			return `{"appId":"` + customer.OtherApp + `",` + strings.Replace(m, `"appId"`, `"APPID"`, 1) + `}`
		}),
		written("jti with a long s", malformed, func(m string) string { return "{" + strings.Replace(m, `"sub"`, `"ſub"`, 1) + "}" }),
		written("claims in capitals only", malformed, func(m string) string { return "{" + strings.Replace(m, `"jti"`, `"JTI"`, 1) + "}" }),
	})
}

// without is members without a claim, which must not be the last: Encode sorts
// them.
func without(members, name string) string {
	before, after, _ := strings.Cut(members, `"`+name+`":`)
	_, after, _ = strings.Cut(after, ",")
	return before + after
}

// TestClaims: values of a wrong type, length or time, and texts that are no ids.
func TestClaims(t *testing.T) {
	f := newField(t, target)
	var forgeries []forgery
	for _, name := range []string{"sub", "appId", "action", "jti"} {
		for kind, value := range map[string]any{
			"a number": 7, "a truth": true, "a list": []string{"x"}, "an object": object{"x": 1}, "empty": "", "missing": nil,
			"with NUL": "x\x00y", "with a line break": "x\ny", "with DEL": "x\x7fy", "long": strings.Repeat("x", 1025), "with C1": "x\u0085y",
		} {
			forgeries = append(forgeries, f.with(name+" "+kind, malformed, object{name: value}))
		}
	}
	for name, value := range map[string]any{"text": "now", "a list": []int64{customer.Seconds(0)}, "an object": object{}, "missing": nil, "a truth": true} {
		forgeries = append(forgeries, f.with("iat "+name, malformed, object{"iat": value}))
	}
	forgeries = append(forgeries,
		written("iat 1e400", malformed, func(m string) string { return "{" + m + `,"iat":1e400}` }),
		written("iat 1e18", notYetValid, func(m string) string { return "{" + m + `,"iat":1e18}` }),
		// Beyond the range of a clock it counts as the zero time.
		written("iat 1e308", expired, func(m string) string { return "{" + m + `,"iat":1e308}` }),
		f.with("iat negative", expired, object{"iat": -1}), f.with("iat least", expired, object{"iat": -1e18}),
		f.with("iat in an hour", notYetValid, object{"iat": customer.Seconds(3600)}), f.with("iat in milliseconds", notYetValid, object{"iat": customer.Seconds(0) * 1000}),
		f.with("iat over a day ago", expired, object{"iat": customer.Seconds(-25 * 3600)}),
		f.with("nbf in an hour", notYetValid, object{"nbf": customer.Seconds(3600)}), f.with("exp passed", expired, object{"exp": customer.Seconds(-1)}),
		f.with("expiryTime passed", expired, object{"expiryTime": "2020-01-01T00:00:00Z"}),
		f.with("expiryTime no time", malformed, object{"expiryTime": "tomorrow"}), f.with("expiryTime a number", malformed, object{"expiryTime": 1}),
		f.with("iat of last week, not expired", expired, object{"iat": customer.Seconds(-8 * 24 * 3600), "expiryTime": "2099-01-01T00:00:00Z", "exp": customer.Seconds(-1)}),
		f.with("manifestVersion negative", malformed, object{"manifestVersion": -1}), f.with("manifestVersion words", malformed, object{"manifestVersion": "one"}), f.with("manifestVersion no whole number", malformed, object{"manifestVersion": 1.5}),
		f.with("region a list", malformed, object{"region": []string{ours}}), f.with("region with NUL", unknownKey, object{"region": ours + "\x00"}),
		f.with("region of two", unknownKey, object{"region": ours + "," + west}), f.with("region not trusted", unknownKey, object{"region": cloud}),
		f.with("region a prototype", unknownKey, object{"region": "__proto__"}), f.with("region in capitals", unknownKey, object{"region": strings.ToUpper(ours)}),
		f.with("another app", wrongApp, object{"appId": customer.OtherApp}), f.with("our app without its dashes", wrongApp, object{"appId": strings.ReplaceAll(f.Cloud.AppID(), "-", "")}),
		f.with("our app and a space", wrongApp, object{"appId": f.Cloud.AppID() + " "}), f.with("a wildcard for the app", wrongApp, object{"appId": "*"}),
		f.with("an unknown action", wrongAction, object{"action": "selfDestruct"}),
	)
	f.everywhere(t, forgeries)
}

// TestActionsElsewhere sends tokens of each action to the addresses of the others.
func TestActionsElsewhere(t *testing.T) {
	f := newField(t, target)
	own := map[string][]string{
		webextest.ActionProvision: {page}, webextest.ActionCrossLaunch: {assign, manage},
		webextest.ActionUpdate: {actions}, webextest.ActionUpdateApproved: {actions},
		webextest.ActionHealthCheck: {actions}, webextest.ActionDeprovision: {actions},
	}
	var rows []row
	for action, addresses := range own {
		for door := range doors {
			if !slices.Contains(addresses, door) {
				rows = append(rows, row{action + " at " + door, customer.Post(door, f.sign(f.claims(action))), wrongAction})
			}
		}
		for _, spelling := range []string{strings.ToUpper(action), " " + action, action + " ", action + "," + webextest.ActionCrossLaunch} {
			rows = append(rows, row{customer.Encode(spelling), customer.Post(addresses[0], f.sign(customer.Merged(f.claims(action), object{"action": spelling}))), wrongAction})
		}
	}
	rows = append(rows,
		row{"a feature that is none", customer.Post("/crossLaunch/analog_signage/assignContent", f.sign(f.claims(webextest.ActionCrossLaunch))), noFeature},
		row{"a feature in capitals", customer.Post("/crossLaunch/DIGITAL_SIGNAGE/assignContent", f.sign(f.claims(webextest.ActionCrossLaunch))), noFeature},
		row{"a feature with NUL", customer.Post("/crossLaunch/digital_signage%00/assignContent", f.sign(f.claims(webextest.ActionCrossLaunch))), noFeature},
		row{"a feature that climbs", customer.Post("/crossLaunch/..%2f..%2factions/assignContent", f.sign(f.claims(webextest.ActionCrossLaunch))), noFeature},
	)
	f.attack(t, rows)
}

// TestOtherOrganizations: a token that Webex signed for another organization has
// no effect on the victim, however similar their ids look.
func TestOtherOrganizations(t *testing.T) {
	f := newField(t, target)
	uri := func(text string) string { return base64.RawStdEncoding.EncodeToString([]byte(text)) }
	id, prefix := f.Org.ID(), "ciscospark://us/ORGANIZATION/"
	var rows []row
	for name, sub := range map[string]string{
		"a stranger":             uri(prefix + "00000000-0000-4000-8000-000000000000"),
		"in capitals":            uri(prefix + strings.ToUpper(id)),
		"a slash after":          uri(prefix + id + "/"),
		"up and down":            uri(prefix + id + "/../x"),
		"a query after":          uri(prefix + id + "?x"),
		"a fragment after":       uri(prefix + id + "#installation"),
		"a percent sign":         uri(prefix + id + "%00"),
		"a NUL after":            uri(prefix + id + "\x00"),
		"a line break after":     uri(prefix + id + "\n"),
		"a space after":          uri(prefix + id + " "),
		"right to left":          uri(prefix + "\u202e" + id),
		"zero width":             uri(prefix + id + "\u200b"),
		"full width":             uri(prefix + strings.Map(wide, id)),
		"no UTF-8":               uri(prefix + id + "\xff"),
		"two":                    uri(prefix + id + "," + prefix + "x"),
		"base64 twice":           uri(uri(prefix + id)),
		"no URI":                 uri(id),
		"a table key":            "org#" + id,
		"a candidate's key":      uri(prefix + id + "#candidate#x"),
		"an expression":          uri(prefix + id + " OR attribute_exists(pk)"),
		"the empty organization": uri(prefix),
	} {
		for _, door := range []string{actions, assign, manage} {
			rows = append(rows, row{name + " at " + door, customer.Post(door, f.sign(customer.Merged(f.claims(doors[door]), object{"sub": sub}))), unknownOrg})
		}
	}
	f.attack(t, rows)
}

// TestOtherIntegrations: a token of another accepted integration has no effect on the
// victim's installation, even for its own organization.
func TestOtherIntegrations(t *testing.T) {
	other := customer.New(t, target, ours).Upload(integration.NewAppID()).Register(false).App.AppID()
	f := newField(t, target)
	var rows []row
	for _, door := range []string{actions, assign, manage} {
		claims := customer.Merged(f.claims(doors[door]), object{"appId": other})
		rows = append(rows, row{"another integration at " + door, customer.Post(door, f.sign(claims)), unknownOrg})
		for name, appID := range map[string]string{
			"both": f.Cloud.AppID() + "#" + other, "both the other way": other + "#" + f.Cloud.AppID(), "a table key": other + "#" + f.Org.ID(), "nothing after a hash": other + "#",
		} {
			claims := customer.Merged(claims, object{"appId": appID, "jti": newID()})
			rows = append(rows, row{name + " at " + door, customer.Post(door, f.sign(claims)), wrongApp})
		}
	}
	f.attack(t, rows)
}

// TestOtherRegions: another region's key is valid, but not for this organization.
// Its use is noted in the row once a day, since it may mean that the message of a
// move was lost, and changes nothing else.
func TestOtherRegions(t *testing.T) {
	f := newField(t, target)
	f.watch.leaveAside(t, "foreignRegion", "foreignRegionAt", "version", "write")
	var rows []row
	for _, region := range []string{west, east} {
		for _, door := range []string{actions, assign, manage} {
			token := f.Cloud.Sign(region, nil, f.claims(doors[door]))
			rows = append(rows, row{"signed by " + region + " at " + door, customer.Post(door, token), unknownKey})
		}
	}
	f.attack(t, rows)
}

// wide is the full-width form of a letter or digit.
func wide(r rune) rune {
	if r > ' ' && r < 0x7f {
		return r + 0xfee0
	}
	return r
}
