package customer

import (
	"net/url"
	"time"

	"signpost/shared/invitation"
)

// Invitations are those of the deployment, as the vendor sees them.
func (c *Customer) Invitations() *invitation.Service {
	c.Helper()
	service, err := invitation.New(c.Store(), c.Cloud.AppID(), nil, time.Now)
	if err != nil {
		c.Fatal(err)
	}
	return service
}

// Invite makes an invitation, and returns it with its code.
func (c *Customer) Invite(order invitation.Order) (invitation.Invitation, string) {
	c.Helper()
	created, code, err := c.Invitations().Create(c.Context(), order)
	if err != nil {
		c.Fatal(err)
	}
	return created, code
}

// Page opens the page of an invitation in a browser.
func (c *Customer) Page(code string) Answer {
	c.Helper()
	return c.Send(Request{Method: "GET", Path: "/activation?invite=" + url.QueryEscape(code), Headers: browser})
}

var browser = map[string]string{"Accept": "text/html"}

// Submit posts fields with an invitation, as the form of its page does if html is set.
func (c *Customer) Submit(code string, html bool, fields map[string]string) Answer {
	c.Helper()
	form := url.Values{"invite": {code}}
	for name, value := range fields {
		form.Set(name, value)
	}
	request := Request{Method: "POST", Path: "/activation", ContentType: "application/x-www-form-urlencoded", Body: form.Encode()}
	if html {
		request.Headers = browser
	}
	return c.Send(request)
}

// UploadInvited downloads the manifest of a private invitation and uploads it: the
// customer then has that integration.
func (c *Customer) UploadInvited(code string) *Customer {
	c.Helper()
	manifest := c.Send(Request{Method: "GET", Path: "/activation/manifest?invite=" + url.QueryEscape(code)}).Want(c.T, 200)
	return c.uploaded([]byte(manifest.Body))
}

// uploaded is the same organization with the integration that uploading a manifest yields.
func (c *Customer) uploaded(manifest []byte) *Customer {
	c.Helper()
	uploaded, err := c.Cloud.UploadManifest(c.Org.ID(), manifest)
	if err != nil {
		c.Fatal(err)
	}
	copied := *c
	copied.App = uploaded
	return &copied
}
