// Package configtest holds one table of settings, good and bad, for everything that
// checks settings: the functions themselves (package config), the patterns of
// the template, and the questions of `signpost setup`. It imports none of them.
package configtest

import "strings"

// Value is a value of one setting, to be checked while all other settings are good.
type Value struct {
	Variable string
	Value    string
	// Wrong is a part of the error about the value, "" for a good one.
	Wrong string
	// Local is whether a function outside AWS accepts the bad value.
	Local bool
	// PatternAccepts is whether the template's pattern accepts the bad value.
	PatternAccepts bool
}

// Environ returns good settings, without the secrets and the table.
func Environ() map[string]string {
	return map[string]string{
		"WEBEX_APP_ID":    uuid,
		"WEBEX_CLIENT_ID": "C3f1b6a2",
		"SIGNAGE_URL":     "https://signage.example.com/?device=$(deviceId)&name=$(deviceName)",
		"PWA_URL":         "https://pwa.example.com/$(peripheralSerial)",
		"CONTENT_URL":     "https://content.example.com/page?tenant=a&b",
	}
}

// Values returns the table.
func Values() []Value {
	var all []Value
	for _, row := range table {
		for variable := range strings.FieldsSeq(row.variables) {
			for _, value := range row.values {
				all = append(all, Value{Variable: variable, Value: value, Wrong: row.wrong, Local: row.local, PatternAccepts: row.patternAccepts})
			}
		}
	}
	return all
}

const (
	uuid      = "6d93fe09-7130-4507-b261-3908b63428a4"
	base      = "https://a.example.com/"
	addresses = "SIGNAGE_URL PWA_URL CONTENT_URL WELCOME_URL PUBLIC_URL SUPPORT_URL"

	zeroWidthSpace = "\u200b"
	byteOrderMark  = "\ufeff"
	softHyphen     = "\u00ad"
	noBreakSpace   = "\u00a0"
)

// as returns n letters a.
func as(n int) string { return strings.Repeat("a", n) }

// table has a row for all values of the same variables with the same result, as
// [Value] describes it. Patterns cannot count in parts of a value, compare
// numbers, or know the list of regions.
var table = []struct {
	variables, wrong string
	local            bool
	patternAccepts   bool
	values           []string
}{
	{variables: addresses, values: []string{
		"https://a.example.com", base + "a/b-c_d~e.f/", base + "Gr%c3%bc%C3%9Fe", base + "!$&'()*+,;=:@[]", base + "$$x$%24$",
		"https://a.example.com:8443/", "https://a.example.com:65535/", "https://a.example.com:0443/",
		"https://a.example.com./", "https://intranet/", "https://a_b.example.com/", "https://192.0.2.1/", "https://[2001:db8::1]:8443/",
	}},
	{variables: addresses, wrong: "port", values: []string{
		"https://a.example.com:/", "https://a.example.com:0/", "https://a.example.com:65536/", "https://a.example.com:443443/",
	}},
	{variables: addresses, wrong: "host name", values: []string{
		"https://a.example.com:https/", "https://:443/", "https:///a", "https://?a", "https://a..example.com/", "https://.example.com/",
		"https://a!b.example.com/", "https://a%20b.example.com/", "https://2001:db8::1/", "https://[2001:db8::1/",
	}},
	{variables: addresses, wrong: "host name", patternAccepts: true, values: []string{"https://" + as(64) + ".example.com/"}},
	{variables: addresses, wrong: "byte 24", values: []string{base + "a b"}},
	{variables: addresses, wrong: "character", values: []string{
		" " + base, base + " ", "https://a.exam ple.com/", base + "\ta", base + "\n", base + "\r\na", base + "\x01", base + "\x7f",
		base + zeroWidthSpace, "https://a.example" + zeroWidthSpace + ".com/", byteOrderMark + base, base + "a" + softHyphen + "b", base + "a" + noBreakSpace,
		base + "Grüße", "https://söhne.example.com/", base + "<x>", `"` + base + `"`, base + `"`,
		base + "a|b", `https://a.example.com\a`, base + "^", base + "`",
	}},
	{variables: "CONTENT_URL WELCOME_URL PUBLIC_URL SUPPORT_URL", wrong: "character", values: []string{base + "{region}"}},
	{variables: "SIGNAGE_URL PWA_URL", values: []string{
		base + "{region}/{organizationKey}?k={installationKey}&d=$(deviceId)", "https://{region}.example.com/$(deviceId)", "https://s-{organizationKey}.example.com:8443",
	}},
	{variables: "SIGNAGE_URL PWA_URL", wrong: "{region}, {organizationKey}, {installationKey}", values: []string{
		base + "{Region}", base + "{region", base + "{}", base + "{{region}}", base + "{orgId}",
	}},
	{variables: "SIGNAGE_URL PWA_URL", wrong: "character", values: []string{base + "region}", base + "{region}}"}},
	{variables: "SIGNAGE_URL PWA_URL", wrong: "2049 characters", patternAccepts: true, values: []string{base + "{installationKey}" + as(1858)}},
	{variables: "SIGNAGE_URL PWA_URL", values: []string{base + "{installationKey}" + as(1857)}},
	{variables: addresses, wrong: "hexadecimal", values: []string{base + "100%", base + "%zz"}},
	{variables: addresses, wrong: "https://", values: []string{
		"http://a.example.com/", "ftp://a.example.com/", "HTTPS://a.example.com/", "javascript:alert(1)", "/a", "a.example.com",
	}},
	{variables: addresses, wrong: "https://", local: true, values: []string{"http://127.0.0.1:3001/a", "http://localhost/a"}},
	{variables: addresses, wrong: "itself", local: true, patternAccepts: true, values: []string{
		"https://localhost/", "https://LOCALHOST./", "https://a.localhost:8080/", "https://127.1.2.3/", "https://[::1]/", "https://0.0.0.0/",
	}},
	{variables: addresses, wrong: "user name", values: []string{"https://user@a.example.com/", "https://user:pw@a.example.com/"}},

	// 1,905 characters and what Webex adds, 143, are 2,048.
	{variables: "SIGNAGE_URL", values: []string{
		base + "$(deviceModel)/$(ownerId)?$(ownerName)=$(organizationId)#$$(deviceName)$", "https://s-$(organizationId).example.com/",
		base + "#/player?d=$(deviceId)", base + as(1883),
	}},
	{variables: "SIGNAGE_URL", wrong: "2049 characters", patternAccepts: true, values: []string{base + as(1884)}},
	{variables: "SIGNAGE_URL", wrong: "2048", values: []string{base + as(2027)}},
	{variables: "SIGNAGE_URL", wrong: "$(ownerName), $(organizationId)", values: []string{base + "?s=$(peripheralSerial)"}},
	{variables: "SIGNAGE_URL", wrong: "unknown replacement value", values: []string{
		base + "?s=$(DeviceId)", base + "?s=$(deviceId", base + "?s=$()", base + "?s=$($(deviceId))",
	}},
	{variables: "SIGNAGE_URL", wrong: "host name", values: []string{"https://a.example.com:$(deviceId)/"}},

	{variables: "PWA_URL", values: []string{base + "?s=$(peripheralSerial)&$(deviceId)", base + "$(deviceName)" + as(1627)}},
	{variables: "PWA_URL", wrong: "2049 characters", patternAccepts: true, values: []string{base + "$(deviceName)" + as(1628)}},
	{variables: "PWA_URL", wrong: "$(peripheralSerial)", values: []string{base + "?s=$(devicId)"}},
	{variables: "PWA_URL", wrong: "_cisco_app_id", patternAccepts: true, values: []string{base + "?_cisco_app_id=1"}},

	{variables: "CONTENT_URL WELCOME_URL", values: []string{
		base + "?s=$(deviceId)", "https://a.example.com?a", base + "launch?launches=1&a=launch", base + as(1002),
	}},
	{variables: "CONTENT_URL WELCOME_URL", wrong: "over 1024", values: []string{base + as(1003)}},
	{variables: "CONTENT_URL WELCOME_URL", wrong: "launch", patternAccepts: true, values: []string{base + "?a=1&launch=2", base + "?a;l%61unch"}},
	{variables: "CONTENT_URL", wrong: "not set", values: []string{""}},

	{variables: "PUBLIC_URL", values: []string{base + as(234)}},
	{variables: "PUBLIC_URL", wrong: "over 256", values: []string{base + as(235)}},
	{variables: "PUBLIC_URL", wrong: "query", values: []string{base + "?"}},
	{variables: "PUBLIC_URL", wrong: "fragment", values: []string{base + "#x"}},

	{variables: "SUPPORT_URL", values: []string{
		"mailto:help+signage@support.example.com", "mailto:help@example.com?subject=Signage%20help", "mailto:a@example.com?subject=" + as(227),
	}},
	{variables: "SUPPORT_URL", wrong: "over 256", values: []string{"mailto:a@example.com?subject=" + as(228)}},
	{variables: "SUPPORT_URL", wrong: "mail address", values: []string{
		"mailto:", "mailto:example.com", "mailto:a@example.com,b@example.com", "mailto:root@localhost",
	}},
	{variables: "SUPPORT_URL", wrong: "character", values: []string{"mailto:Help <help@example.com>"}},
	{variables: "SUPPORT_URL", wrong: "https://", values: []string{"help@example.com", "tel:+1"}},

	{variables: "PWA_XAPI_ALLOW_LIST", values: []string{
		"a.example.com", " a.example.com,b.example.com , *.c.example.com", strings.Repeat("a.example,", 102) + "abcd",
	}},
	{variables: "PWA_XAPI_ALLOW_LIST", wrong: "over 1024", values: []string{strings.Repeat("a.example,", 102) + "abcde"}},
	{variables: "PWA_XAPI_ALLOW_LIST", wrong: "entry 1", values: []string{
		"https://a.example.com", "a.example.com/", "*", " ", "a.example.com;b.example.com", "a.example.com b.example.com", "a.example.com" + zeroWidthSpace,
	}},
	{variables: "PWA_XAPI_ALLOW_LIST", wrong: "entry 2", values: []string{
		"a.example.com,b.example.com:443", "a.example.com,", "a.example.com,\nb.example.com",
	}},

	{variables: "WEBEX_APP_ID", values: []string{uuid, strings.ToUpper(uuid)}},
	{variables: "WEBEX_APP_ID", wrong: "UUID", values: []string{"{" + uuid + "}", uuid + " ", uuid + "\n"}},
	{variables: "WEBEX_CLIENT_ID", values: []string{"C3f1.b_6~a-2" + as(244)}},
	{variables: "WEBEX_CLIENT_ID", wrong: "256", values: []string{as(257)}},
	{variables: "WEBEX_CLIENT_ID", wrong: "OAuth client id", values: []string{"C3f1b6a2 ", byteOrderMark + "C3f1b6a2"}},

	{variables: "WEBEX_REGIONS", values: []string{" us-west-2_r , us-gov-west-1_a1"}},
	{variables: "WEBEX_REGIONS", wrong: "entry 1", patternAccepts: true, values: []string{"mars"}},
	{variables: "WEBEX_REGIONS", wrong: "entry 2", values: []string{"us-west-2_r,"}},
	{variables: "WEBEX_HOSTS", values: []string{" webexapis.com,*.wbx2.com "}},
	{variables: "WEBEX_HOSTS", wrong: "entry 1", values: []string{
		"https://webexapis.com", "webexapis.com:443", "a..webexapis.com", "-a.webexapis.com", "*",
	}},
	{variables: "WEBEX_HOSTS", wrong: "this machine", local: true, patternAccepts: true, values: []string{"127.0.0.1"}},

	{variables: "VERIFY_INTERVAL", values: []string{"1h30m", "1s", "24h"}},
	{variables: "VERIFY_INTERVAL", wrong: "1s to 24h", values: []string{"60", "1h "}},
	{variables: "VERIFY_INTERVAL", wrong: "1s to 24h", patternAccepts: true, values: []string{"999ms", "25h"}},
	{variables: "VERIFY_RATE", values: []string{"10000"}},
	{variables: "VERIFY_RATE", wrong: "whole number", values: []string{"0", "10001", "0100", " 100"}},

	{variables: "SECRET_ORIGIN_KEY", values: []string{strings.Repeat("aB3_-", 25) + "xyz"}},
	{variables: "SECRET_ORIGIN_KEY", wrong: "32 to 128", values: []string{as(31), as(129)}},
	{variables: "SECRET_ORIGIN_KEY", wrong: "letters", values: []string{as(40) + "\n", as(40) + " b"}},
	{variables: "WEBEX_MANIFEST", values: []string{`{"displayName": "Signage", "email": "dev@example.com", "description": "Shows things."}`}},
	{variables: "WEBEX_MANIFEST", wrong: "2048", values: []string{`{"description": "` + as(2048) + `"}`}},
	{variables: "VENDOR_NAME", values: []string{"Schilder & Söhne " + strings.Repeat("ö", 111)}},
	{variables: "VENDOR_NAME", wrong: "128", values: []string{strings.Repeat("ö", 129)}},
	{variables: "VENDOR_NAME", wrong: "control", values: []string{"a\nb", "a\u0085"}},
}
