package installation

import (
	"strings"

	"signpost/shared/webex"
)

// Key identifies an installation: an organization may have several of the vendor's
// integrations side by side, such as a test and a production one.
type Key struct {
	// OrgKey identifies the organization, see [webex.OrganizationKey]. It may hold any
	// character.
	OrgKey string
	// AppID identifies the integration: the id of its manifest, a UUID in lower case.
	AppID string
}

// KeyOf returns the key of the installation that a verified token is about.
func KeyOf(token webex.Token) Key {
	return Key{OrgKey: webex.OrganizationKey(token.Subject), AppID: token.AppID}
}

// Text returns the key as one text, `<OrgKey>#<AppID>`, which [ParseKey] reads: as part
// of the store's keys, and for errors. Keys of one organization follow each other in the
// order of these texts. It is not named String, since the types that embed a Key would
// inherit that, and be printed as their key alone.
func (k Key) Text() string { return k.OrgKey + "#" + k.AppID }

// ParseKey reads what [Key.Text] wrote. An app id holds no "#", so that the last one
// separates the two.
func ParseKey(text string) Key {
	n := strings.LastIndexByte(text, '#')
	if n < 0 {
		return Key{OrgKey: text}
	}
	return Key{OrgKey: text[:n], AppID: text[n+1:]}
}
