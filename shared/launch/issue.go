package launch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Order is the launch that a request asks for.
type Order struct {
	// Feature and Task are those of the route.
	Feature webex.Feature
	Task    webex.Task
	// PostedTask is the task in the request's body, "" if it has none.
	PostedTask string
	Devices    []Device
}

// DeviceError is an [ErrDevice]. It has no content of the list, so that the caller
// may read it.
type DeviceError struct {
	Index int // in the list, from 0
	Wrong string
}

// Error names the device by its index, and says what is wrong with it.
func (e *DeviceError) Error() string { return fmt.Sprintf("devices[%d]: %s", e.Index, e.Wrong) }

// Unwrap returns [ErrDevice].
func (*DeviceError) Unwrap() error { return ErrDevice }

// Issuer makes launches. It is safe for concurrent use.
type Issuer struct {
	store      Creator
	provides   func(webex.Feature) bool
	contentURL string
}

// NewIssuer returns an issuer of launches for the provided features. They lead to
// the vendor's page at contentURL, an absolute URL that may have a query without a
// parameter `launch`, and a fragment.
func NewIssuer(store Creator, provides func(webex.Feature) bool, contentURL string) (*Issuer, error) {
	if store == nil || provides == nil {
		return nil, errors.New("launch issuer: store and provided features are required")
	}
	if u, err := url.Parse(contentURL); err != nil || u.Host == "" {
		return nil, errors.New("launch issuer: the content URL must be absolute")
	}
	return &Issuer{store: store, provides: provides, contentURL: contentURL}, nil
}

// Issue stores the launch of a verified token and returns the URL that Control Hub
// opens for the administrator, with the launch's code in it. It returns
// [ErrFeatureNotProvided], [webex.ErrWrongAction] for a task that contradicts the
// route, [ErrTooManyDevices], a [*DeviceError], or an error of [Creator].
func (i *Issuer) Issue(ctx context.Context, token webex.Token, order Order, now time.Time) (string, error) {
	if err := i.check(token, order); err != nil {
		return "", err
	}
	key, code := installation.KeyOf(token), secret.NewCode()
	launch := Launch{
		ID: secret.CodeID(code), Key: key, OrgID: token.Subject,
		Feature: order.Feature, Task: order.Task, Devices: order.Devices, IssuedAt: now,
	}
	used := installation.Used{Key: key, ID: installation.Digest(token.ID), Until: token.AcceptableUntil()}
	if err := i.store.Create(ctx, launch, token.KeyRegion, used); err != nil {
		return "", fmt.Errorf("store a launch: %w", err)
	}
	return withLaunch(i.contentURL, code), nil
}

func (i *Issuer) check(token webex.Token, order Order) error {
	if !order.Feature.Known() || !i.provides(order.Feature) {
		return ErrFeatureNotProvided
	}
	if contradicts(string(token.Task), order.Task) || contradicts(order.PostedTask, order.Task) {
		return fmt.Errorf("%w: the task is not %s", webex.ErrWrongAction, order.Task)
	}
	if len(order.Devices) > MaxDevices {
		return fmt.Errorf("%w: %d", ErrTooManyDevices, len(order.Devices))
	}
	for n, device := range order.Devices {
		if wrong := device.wrong(); wrong != "" {
			return &DeviceError{Index: n, Wrong: wrong}
		}
	}
	return nil
}

// contradicts reports whether name is that of another task than task, in either of
// Webex's spellings, `assign_content` and `assignContent`. Other words are ignored.
func contradicts(name string, task webex.Task) bool {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "") }
	for _, known := range [...]webex.Task{webex.AssignContent, webex.ManageContent} {
		if fold(name) == fold(string(known)) {
			return known != task
		}
	}
	return false
}

// wrong returns what is malformed in the device, "" if nothing is.
func (d Device) wrong() string {
	switch {
	case d.DeviceID == "":
		return "deviceId is missing or empty"
	case len(d.DeviceID) > MaxDeviceField:
		return fmt.Sprintf("deviceId is over %d bytes", MaxDeviceField)
	case len(d.DisplayName) > MaxDeviceField:
		return fmt.Sprintf("displayName is over %d bytes", MaxDeviceField)
	case !utf8.ValidString(d.DeviceID) || !utf8.ValidString(d.DisplayName):
		return "deviceId or displayName is not UTF-8"
	default:
		return ""
	}
}

// withLaunch adds the code to the query of a URL. Everything else stays byte for
// byte: the vendor may have signed it, or rely on its order.
func withLaunch(address, code string) string {
	address, fragment, hasFragment := strings.Cut(address, "#")
	separator := "?"
	if _, query, hasQuery := strings.Cut(address, "?"); hasQuery {
		separator = "&"
		if query == "" || strings.HasSuffix(query, "&") {
			separator = ""
		}
	}
	address += separator + "launch=" + code
	if hasFragment {
		address += "#" + fragment
	}
	return address
}
