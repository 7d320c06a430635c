// Package configtest holds one table of settings, good and bad, for all that
// judges settings: the functions themselves (package config), the patterns of
// the template, and the questions of `signpost setup`. It imports none of them.
package configtest

import "strings"

// Value is a value of one setting. Everything else is set well, see [Environ].
type Value struct {
	Name     string
	Variable string
	Value    string
	// Wrong is a part of what is said against it, "" for a good value.
	Wrong string
	// Local is whether a function on one's own machine takes it all the same.
	Local bool
	// Beyond says why the template's pattern cannot refuse a bad value; "" means
	// that it must refuse it.
	Beyond string
}

// Environ returns settings in which everything is set well, but for the
// secrets and the table.
func Environ() map[string]string {
	return map[string]string{
		"WEBEX_APP_ID":    "6d93fe09-7130-4507-b261-3908b63428a4",
		"WEBEX_CLIENT_ID": "C3f1b6a2",
		"SIGNAGE_URL":     "https://signage.example.com/?device=$(deviceId)&name=$(deviceName)",
		"PWA_URL":         "https://pwa.example.com/$(peripheralSerial)",
		"CONTENT_URL":     "https://content.example.com/page?tenant=a&b",
	}
}

// Values returns the table.
func Values() []Value {
	var all []Value
	for _, variable := range []string{"SIGNAGE_URL", "PWA_URL", "CONTENT_URL", "PUBLIC_URL", "SUPPORT_URL"} {
		for _, value := range addresses {
			value.Variable = variable
			all = append(all, value)
		}
	}
	return append(all, others...)
}

// Why a pattern cannot tell.
const (
	notRegular = "a pattern cannot count or compare so"
	notKnown   = "the list is the functions'"
)

// Parts of values that cannot be seen, or not told from others.
const (
	zeroWidthSpace = "\u200b"
	byteOrderMark  = "\ufeff"
	softHyphen     = "\u00ad"
	noBreakSpace   = "\u00a0"
)

// addresses are good or bad for every setting that is an address.
var addresses = []Value{
	{Name: "plain", Value: "https://a.example.com"},
	{Name: "path", Value: "https://a.example.com/a/b-c_d~e.f/"},
	{Name: "percent-encoded", Value: "https://a.example.com/Gr%c3%bc%C3%9Fe"},
	{Name: "port", Value: "https://a.example.com:8443/"},
	{Name: "highest port", Value: "https://a.example.com:65535/"},
	{Name: "padded port", Value: "https://a.example.com:0443/"},
	{Name: "dot at the end of the host", Value: "https://a.example.com./"},
	{Name: "one name", Value: "https://intranet/"},
	{Name: "underscore", Value: "https://a_b.example.com/"},
	{Name: "IPv4", Value: "https://192.0.2.1/"},
	{Name: "IPv6", Value: "https://[2001:db8::1]:8443/"},
	{Name: "signs", Value: "https://a.example.com/!$&'()*+,;=:@[]"},
	{Name: "dollars", Value: "https://a.example.com/$$x$%24$"},

	{Name: "no port", Value: "https://a.example.com:/", Wrong: "port"},
	{Name: "port 0", Value: "https://a.example.com:0/", Wrong: "port"},
	{Name: "port too high", Value: "https://a.example.com:65536/", Wrong: "port"},
	{Name: "port far too high", Value: "https://a.example.com:443443/", Wrong: "port"},
	{Name: "port by name", Value: "https://a.example.com:https/", Wrong: "host name"},
	{Name: "only a port", Value: "https://:443/", Wrong: "host name"},
	{Name: "no host", Value: "https:///a", Wrong: "host name"},
	{Name: "no host, query", Value: "https://?a", Wrong: "host name"},
	{Name: "empty label", Value: "https://a..example.com/", Wrong: "host name"},
	{Name: "dot at the host's beginning", Value: "https://.example.com/", Wrong: "host name"},
	{Name: "label too long", Value: "https://" + strings.Repeat("a", 64) + ".example.com/", Wrong: "host name", Beyond: notRegular},
	{Name: "signs in the host", Value: "https://a!b.example.com/", Wrong: "host name"},
	{Name: "encoded host", Value: "https://a%20b.example.com/", Wrong: "host name"},
	{Name: "IPv6 without brackets", Value: "https://2001:db8::1/", Wrong: "host name"},
	{Name: "bracket", Value: "https://[2001:db8::1/", Wrong: "host name"},

	{Name: "space", Value: "https://a.example.com/a b", Wrong: "byte 24"},
	{Name: "space before", Value: " https://a.example.com/", Wrong: "character"},
	{Name: "space after", Value: "https://a.example.com/ ", Wrong: "character"},
	{Name: "space in the host", Value: "https://a.exam ple.com/", Wrong: "character"},
	{Name: "tab", Value: "https://a.example.com/\ta", Wrong: "character"},
	{Name: "line end", Value: "https://a.example.com/\n", Wrong: "character"},
	{Name: "line break", Value: "https://a.example.com/\r\na", Wrong: "character"},
	{Name: "control", Value: "https://a.example.com/\x01", Wrong: "character"},
	{Name: "delete", Value: "https://a.example.com/\x7f", Wrong: "character"},
	{Name: "zero-width space", Value: "https://a.example.com/" + zeroWidthSpace, Wrong: "character"},
	{Name: "zero-width space in the host", Value: "https://a.example" + zeroWidthSpace + ".com/", Wrong: "character"},
	{Name: "byte order mark", Value: byteOrderMark + "https://a.example.com/", Wrong: "character"},
	{Name: "soft hyphen", Value: "https://a.example.com/a" + softHyphen + "b", Wrong: "character"},
	{Name: "no-break space", Value: "https://a.example.com/a" + noBreakSpace, Wrong: "character"},
	{Name: "not ASCII", Value: "https://a.example.com/Grüße", Wrong: "character"},
	{Name: "not ASCII in the host", Value: "https://söhne.example.com/", Wrong: "character"},
	{Name: "angle brackets", Value: "https://a.example.com/<x>", Wrong: "character"},
	{Name: "quotes around", Value: `"https://a.example.com/"`, Wrong: "character"},
	{Name: "quote", Value: `https://a.example.com/"`, Wrong: "character"},
	{Name: "braces", Value: "https://a.example.com/{region}", Wrong: "character"},
	{Name: "pipe", Value: "https://a.example.com/a|b", Wrong: "character"},
	{Name: "backslash", Value: `https://a.example.com\a`, Wrong: "character"},
	{Name: "caret", Value: "https://a.example.com/^", Wrong: "character"},
	{Name: "backtick", Value: "https://a.example.com/`", Wrong: "character"},
	{Name: "percent alone", Value: "https://a.example.com/100%", Wrong: "hexadecimal"},
	{Name: "percent, not hexadecimal", Value: "https://a.example.com/%zz", Wrong: "hexadecimal"},

	{Name: "http", Value: "http://a.example.com/", Wrong: "https://"},
	{Name: "http here", Value: "http://127.0.0.1:3001/a", Wrong: "https://", Local: true},
	{Name: "http here by name", Value: "http://localhost/a", Wrong: "https://", Local: true},
	{Name: "here", Value: "https://localhost/", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "here, with a dot", Value: "https://LOCALHOST./", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "below localhost", Value: "https://a.localhost:8080/", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "here, IPv4", Value: "https://127.1.2.3/", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "here, IPv6", Value: "https://[::1]/", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "here, any", Value: "https://0.0.0.0/", Wrong: "itself", Local: true, Beyond: notRegular},
	{Name: "another scheme", Value: "ftp://a.example.com/", Wrong: "https://"},
	{Name: "scheme in capitals", Value: "HTTPS://a.example.com/", Wrong: "https://"},
	{Name: "script", Value: "javascript:alert(1)", Wrong: "https://"},
	{Name: "path only", Value: "/a", Wrong: "https://"},
	{Name: "host only", Value: "a.example.com", Wrong: "https://"},
	{Name: "user", Value: "https://user@a.example.com/", Wrong: "user name"},
	{Name: "password", Value: "https://user:pw@a.example.com/", Wrong: "user name"},
}

// others are good or bad for one setting.
var others = []Value{
	{Name: "Webex's values", Variable: "SIGNAGE_URL", Value: "https://a.example.com/$(deviceModel)/$(ownerId)?$(ownerName)=$(organizationId)#$$(deviceName)$"},
	{Name: "value in the host", Variable: "SIGNAGE_URL", Value: "https://s-$(organizationId).example.com/"},
	{Name: "value of the web app", Variable: "PWA_URL", Value: "https://a.example.com/?s=$(peripheralSerial)&$(deviceId)"},
	{Name: "value of the web app", Variable: "SIGNAGE_URL", Value: "https://a.example.com/?s=$(peripheralSerial)", Wrong: "$(ownerName), $(organizationId)"},
	{Name: "value in another case", Variable: "SIGNAGE_URL", Value: "https://a.example.com/?s=$(DeviceId)", Wrong: "unknown replacement value"},
	{Name: "value misspelt", Variable: "PWA_URL", Value: "https://a.example.com/?s=$(devicId)", Wrong: "$(peripheralSerial)"},
	{Name: "value not closed", Variable: "SIGNAGE_URL", Value: "https://a.example.com/?s=$(deviceId", Wrong: "unknown replacement value"},
	{Name: "value without a name", Variable: "SIGNAGE_URL", Value: "https://a.example.com/?s=$()", Wrong: "unknown replacement value"},
	{Name: "value in a value", Variable: "SIGNAGE_URL", Value: "https://a.example.com/?s=$($(deviceId))", Wrong: "unknown replacement value"},
	{Name: "value as port", Variable: "SIGNAGE_URL", Value: "https://a.example.com:$(deviceId)/", Wrong: "host name"},
	{Name: "value of no address for devices", Variable: "CONTENT_URL", Value: "https://a.example.com/?s=$(deviceId)"},
	{Name: "Webex's parameter", Variable: "PWA_URL", Value: "https://a.example.com/?_cisco_app_id=1", Wrong: "_cisco_app_id", Beyond: notRegular},
	{Name: "fragment", Variable: "SIGNAGE_URL", Value: "https://a.example.com/#/player?d=$(deviceId)"},
	{Name: "query of the host", Variable: "CONTENT_URL", Value: "https://a.example.com?a"},

	// 1,905 characters and what Webex adds, 143, are 2,048.
	{Name: "longest", Variable: "SIGNAGE_URL", Value: "https://a.example.com/" + strings.Repeat("a", 1883)},
	{Name: "too long", Variable: "SIGNAGE_URL", Value: "https://a.example.com/" + strings.Repeat("a", 1884), Wrong: "2049 characters", Beyond: notRegular},
	{Name: "far too long", Variable: "SIGNAGE_URL", Value: "https://a.example.com/" + strings.Repeat("a", 2027), Wrong: "2048"},
	{Name: "longest with a value", Variable: "PWA_URL", Value: "https://a.example.com/$(deviceName)" + strings.Repeat("a", 1627)},
	{Name: "too long with a value", Variable: "PWA_URL", Value: "https://a.example.com/$(deviceName)" + strings.Repeat("a", 1628), Wrong: "2049 characters", Beyond: notRegular},
	{Name: "longest", Variable: "CONTENT_URL", Value: "https://a.example.com/" + strings.Repeat("a", 1002)},
	{Name: "too long", Variable: "CONTENT_URL", Value: "https://a.example.com/" + strings.Repeat("a", 1003), Wrong: "over 1024"},
	{Name: "longest", Variable: "PUBLIC_URL", Value: "https://a.example.com/" + strings.Repeat("a", 234)},
	{Name: "too long", Variable: "PUBLIC_URL", Value: "https://a.example.com/" + strings.Repeat("a", 235), Wrong: "over 256"},
	{Name: "longest", Variable: "SUPPORT_URL", Value: "mailto:a@example.com?subject=" + strings.Repeat("a", 227)},
	{Name: "too long", Variable: "SUPPORT_URL", Value: "mailto:a@example.com?subject=" + strings.Repeat("a", 228), Wrong: "over 256"},

	{Name: "launch", Variable: "CONTENT_URL", Value: "https://a.example.com/?a=1&launch=2", Wrong: "launch", Beyond: notRegular},
	{Name: "launches", Variable: "CONTENT_URL", Value: "https://a.example.com/launch?launches=1&a=launch"},
	{Name: "unset", Variable: "CONTENT_URL", Wrong: "not set"},
	{Name: "query", Variable: "PUBLIC_URL", Value: "https://a.example.com/?", Wrong: "query"},
	{Name: "fragment", Variable: "PUBLIC_URL", Value: "https://a.example.com/#x", Wrong: "fragment"},

	{Name: "mail", Variable: "SUPPORT_URL", Value: "mailto:help+signage@support.example.com"},
	{Name: "mail with a subject", Variable: "SUPPORT_URL", Value: "mailto:help@example.com?subject=Signage%20help"},
	{Name: "mail to nobody", Variable: "SUPPORT_URL", Value: "mailto:", Wrong: "mail address"},
	{Name: "mail to a host", Variable: "SUPPORT_URL", Value: "mailto:example.com", Wrong: "mail address"},
	{Name: "mail to two", Variable: "SUPPORT_URL", Value: "mailto:a@example.com,b@example.com", Wrong: "mail address"},
	{Name: "mail within a machine", Variable: "SUPPORT_URL", Value: "mailto:root@localhost", Wrong: "mail address"},
	{Name: "mail with a name", Variable: "SUPPORT_URL", Value: "mailto:Help <help@example.com>", Wrong: "character"},
	{Name: "mail without its scheme", Variable: "SUPPORT_URL", Value: "help@example.com", Wrong: "https://"},
	{Name: "telephone", Variable: "SUPPORT_URL", Value: "tel:+1", Wrong: "https://"},

	{Name: "one host", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com"},
	{Name: "hosts", Variable: "PWA_XAPI_ALLOW_LIST", Value: " a.example.com,b.example.com , *.c.example.com"},
	{Name: "longest", Variable: "PWA_XAPI_ALLOW_LIST", Value: strings.Repeat("a.example,", 102) + "abcd"},
	{Name: "too long", Variable: "PWA_XAPI_ALLOW_LIST", Value: strings.Repeat("a.example,", 102) + "abcde", Wrong: "over 1024"},
	{Name: "address", Variable: "PWA_XAPI_ALLOW_LIST", Value: "https://a.example.com", Wrong: "entry 1"},
	{Name: "port", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com,b.example.com:443", Wrong: "entry 2"},
	{Name: "path", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com/", Wrong: "entry 1"},
	{Name: "any", Variable: "PWA_XAPI_ALLOW_LIST", Value: "*", Wrong: "entry 1"},
	{Name: "empty entry", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com,", Wrong: "entry 2"},
	{Name: "blank", Variable: "PWA_XAPI_ALLOW_LIST", Value: " ", Wrong: "entry 1"},
	{Name: "semicolons", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com;b.example.com", Wrong: "entry 1"},
	{Name: "blanks", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com b.example.com", Wrong: "entry 1"},
	{Name: "two lines", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com,\nb.example.com", Wrong: "entry 2"},
	{Name: "invisible", Variable: "PWA_XAPI_ALLOW_LIST", Value: "a.example.com" + zeroWidthSpace, Wrong: "entry 1"},

	{Name: "id", Variable: "WEBEX_APP_ID", Value: "6d93fe09-7130-4507-b261-3908b63428a4"},
	{Name: "id in capitals", Variable: "WEBEX_APP_ID", Value: "6D93FE09-7130-4507-B261-3908B63428A4"},
	{Name: "id in braces", Variable: "WEBEX_APP_ID", Value: "{6d93fe09-7130-4507-b261-3908b63428a4}", Wrong: "UUID"},
	{Name: "id with a space", Variable: "WEBEX_APP_ID", Value: "6d93fe09-7130-4507-b261-3908b63428a4 ", Wrong: "UUID"},
	{Name: "id with a line end", Variable: "WEBEX_APP_ID", Value: "6d93fe09-7130-4507-b261-3908b63428a4\n", Wrong: "UUID"},
	{Name: "client", Variable: "WEBEX_CLIENT_ID", Value: "C3f1.b_6~a-2" + strings.Repeat("a", 244)},
	{Name: "client too long", Variable: "WEBEX_CLIENT_ID", Value: strings.Repeat("a", 257), Wrong: "256"},
	{Name: "client with a space", Variable: "WEBEX_CLIENT_ID", Value: "C3f1b6a2 ", Wrong: "OAuth client id"},
	{Name: "client with a mark", Variable: "WEBEX_CLIENT_ID", Value: byteOrderMark + "C3f1b6a2", Wrong: "OAuth client id"},

	{Name: "regions", Variable: "WEBEX_REGIONS", Value: " us-west-2_r , us-gov-west-1_a1"},
	{Name: "unknown region", Variable: "WEBEX_REGIONS", Value: "mars", Wrong: "entry 1", Beyond: notKnown},
	{Name: "empty region", Variable: "WEBEX_REGIONS", Value: "us-west-2_r,", Wrong: "entry 2"},
	{Name: "hosts", Variable: "WEBEX_HOSTS", Value: " webexapis.com,*.wbx2.com "},
	{Name: "host as address", Variable: "WEBEX_HOSTS", Value: "https://webexapis.com", Wrong: "entry 1"},
	{Name: "host with a port", Variable: "WEBEX_HOSTS", Value: "webexapis.com:443", Wrong: "entry 1"},
	{Name: "host with an empty label", Variable: "WEBEX_HOSTS", Value: "a..webexapis.com", Wrong: "entry 1"},
	{Name: "host with an odd label", Variable: "WEBEX_HOSTS", Value: "-a.webexapis.com", Wrong: "entry 1"},
	{Name: "any host", Variable: "WEBEX_HOSTS", Value: "*", Wrong: "entry 1"},
	{Name: "this host", Variable: "WEBEX_HOSTS", Value: "127.0.0.1", Wrong: "this machine", Local: true, Beyond: notRegular},

	{Name: "interval", Variable: "VERIFY_INTERVAL", Value: "1h30m"},
	{Name: "shortest interval", Variable: "VERIFY_INTERVAL", Value: "1s"},
	{Name: "interval too short", Variable: "VERIFY_INTERVAL", Value: "999ms", Wrong: "1s to 24h", Beyond: notRegular},
	{Name: "interval too long", Variable: "VERIFY_INTERVAL", Value: "25h", Wrong: "1s to 24h", Beyond: notRegular},
	{Name: "interval without a unit", Variable: "VERIFY_INTERVAL", Value: "60", Wrong: "1s to 24h"},
	{Name: "interval with a space", Variable: "VERIFY_INTERVAL", Value: "1h ", Wrong: "1s to 24h"},
	{Name: "rate", Variable: "VERIFY_RATE", Value: "10000"},
	{Name: "rate too high", Variable: "VERIFY_RATE", Value: "10001", Wrong: "whole number"},
	{Name: "padded rate", Variable: "VERIFY_RATE", Value: "0100", Wrong: "whole number"},
	{Name: "rate with a space", Variable: "VERIFY_RATE", Value: " 100", Wrong: "whole number"},

	{Name: "origin key", Variable: "SECRET_ORIGIN_KEY", Value: strings.Repeat("aB3_-", 25) + "xyz"},
	{Name: "origin key too short", Variable: "SECRET_ORIGIN_KEY", Value: strings.Repeat("a", 31), Wrong: "32 to 128"},
	{Name: "origin key too long", Variable: "SECRET_ORIGIN_KEY", Value: strings.Repeat("a", 129), Wrong: "32 to 128"},
	{Name: "origin key with a line end", Variable: "SECRET_ORIGIN_KEY", Value: strings.Repeat("a", 40) + "\n", Wrong: "letters"},
	{Name: "origin key with a space", Variable: "SECRET_ORIGIN_KEY", Value: strings.Repeat("a", 40) + " b", Wrong: "letters"},

	{Name: "vendor", Variable: "VENDOR_NAME", Value: "Schilder & Söhne " + strings.Repeat("ö", 111)},
	{Name: "vendor too long", Variable: "VENDOR_NAME", Value: strings.Repeat("ö", 129), Wrong: "128"},
	{Name: "vendor on two lines", Variable: "VENDOR_NAME", Value: "a\nb", Wrong: "control"},
	{Name: "vendor with a control character", Variable: "VENDOR_NAME", Value: "a\u0085", Wrong: "control"},
}
