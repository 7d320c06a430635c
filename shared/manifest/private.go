package manifest

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"signpost/shared/webex"
)

// Private makes the manifests of private integrations, which customers upload on their
// own: all say the same, but for the id and the activation guide.
type Private struct {
	Description
	Vendor   string
	Features []webex.Feature
}

// placeholder stands for any private integration's app id.
const placeholder = "00000000-0000-4000-8000-000000000000"

// Check returns everything that is wrong with such manifests by the rules of Control Hub.
func (p Private) Check() error { return p.Manifest(placeholder, "").Check() }

// Manifest returns the manifest of one integration, with the address of the page that
// leads its customer through the activation.
func (p Private) Manifest(appID, guideURL string) Manifest {
	m := p.Derive(Subject{
		AppID: appID, Vendor: p.Vendor, Features: p.Features,
		Provisioning: Provisioning{Type: "manual", ActivationGuideURL: guideURL},
	})
	m.ManifestVersion = 1
	return m
}

// CheckDescription returns everything that is wrong with a description in JSON and the
// vendor's name, for a deployment that provides all features.
func CheckDescription(text, vendor string) error {
	d, err := ParseDescription(text)
	if err != nil {
		return err
	}
	return Private{Description: d, Vendor: vendor, Features: webex.Features}.Check()
}

// ParseDescription reads a description in JSON, in the form of a stage's settings. A
// member that it does not know is an error.
func ParseDescription(text string) (Description, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var d Description
	if err := decoder.Decode(&d); err != nil {
		return Description{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Description{}, errors.New("there is something after the JSON object")
	}
	return d, nil
}
