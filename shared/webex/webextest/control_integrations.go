package webextest

import (
	"encoding/json"
	"net/http"
)

func (c *Cloud) describeIntegrations(orgID string) []IntegrationView {
	views := []IntegrationView{}
	for _, i := range c.Integrations(orgID) {
		views = append(views, i.View())
	}
	return views
}

// controlUploadManifest has the manifest as its body.
func (c *Cloud) controlUploadManifest(r *http.Request, text json.RawMessage) (any, error) {
	i, err := c.UploadManifest(orgID(r), text)
	if err != nil {
		return nil, err
	}
	return i.View(), nil
}
