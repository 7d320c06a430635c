package webextest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// serveApp serves the appUrl of an installation: GET, PATCH and DELETE [java].
func (c *Cloud) serveApp(q *apiRequest) response {
	inst, _, refused := c.authorize(q)
	if refused != nil {
		return *refused
	}
	switch q.Method {
	case http.MethodGet, http.MethodHead:
		return jsonResponse(http.StatusOK, c.appInfo(inst))
	case http.MethodPatch:
		return c.patchApp(inst, q.body)
	case http.MethodDelete:
		c.uninstall(inst)
		return response{status: http.StatusNoContent}
	}
	return methodNotAllowed("GET, PATCH, DELETE")
}

// appInfo has the fields that the Java SDK reads [java].
func (c *Cloud) appInfo(inst *installation) map[string]any {
	manifest := c.client(inst.Client).manifest
	info := map[string]any{
		"id":                 manifest.ID, // [ours]: the SDK only calls it a string
		"manifestVersion":    inst.ManifestVersion,
		"scopes":             nonNil(inst.Scopes),
		"roles":              []string{},
		"xapiAccessKeys":     map[string][]string{"commands": {}, "statuses": {}, "events": {}},
		"createdAt":          timestamp(inst.CreatedAt),
		"updatedAt":          timestamp(inst.UpdatedAt),
		"provisioningState":  inst.ProvisioningState,
		"features":           nonNil(inst.Features),
		"publicLocationIds":  []string{},
		"availability":       manifest.Availability,
		"healthCheckDetails": map[string]any{"operationalState": inst.OperationalState, "tokensState": inst.TokensState},
	}
	optional := map[string]any{
		"actionsUrl": inst.ActionsURL, "operationalState": inst.OperationalState,
		"customer": inst.Customer, "webhook": inst.Webhook, "queue": inst.Queue,
	}
	for name, value := range optional {
		if !reflect.ValueOf(value).IsZero() {
			info[name] = value
		}
	}
	for name, stored := range inst.Configurations {
		info[features[name].appField] = stored.Values
	}
	return info
}

// patchFields say how each field of a PATCH is checked [java], and set once all
// are good. webhook and queue are the SDKs' way to subscribe to notifications,
// stored and not served [node].
var patchFields = map[string]struct {
	check func(name string, value any) string
	set   func(inst *installation, value any)
}{
	"provisioningState": {oneOf("in_progress", "error", "completed"), func(inst *installation, value any) { inst.ProvisioningState = value.(string) }},
	"operationalState":  {oneOf("operational", "impaired", "outage", "token_invalid"), func(inst *installation, value any) { inst.OperationalState = value.(string) }},
	"actionsUrl":        {webURL, func(inst *installation, value any) { inst.ActionsURL = value.(string) }},
	"customer":          {object, func(inst *installation, value any) { inst.Customer = value.(map[string]any) }},
	"webhook":           {object, func(inst *installation, value any) { inst.Webhook = value.(map[string]any) }},
	"queue":             {object, func(inst *installation, value any) { inst.Queue = value.(map[string]any) }},
}

// patchApp applies all of a PATCH or nothing. Unknown fields are refused [ours].
func (c *Cloud) patchApp(inst *installation, body []byte) response {
	patch, err := decodeObject(body)
	if err != nil {
		return webexError(http.StatusBadRequest, "The body is not a JSON object", err.Error())
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		field, known := patchFields[name]
		if !known {
			problems = append(problems, "unknown field "+name)
		} else if problem := field.check(name, patch[name]); problem != "" {
			problems = append(problems, problem)
		}
	}
	if problems != nil {
		return webexError(http.StatusBadRequest, "The update is not valid", problems...)
	}
	for name, value := range patch {
		patchFields[name].set(inst, value)
	}
	inst.UpdatedAt = c.now()
	return jsonResponse(http.StatusOK, c.appInfo(inst))
}

// serveManifest serves the manifestUrl. No source describes it; the fields are those
// of a manifest [ours].
func (c *Cloud) serveManifest(q *apiRequest) response {
	inst, _, refused := c.authorize(q)
	if refused != nil {
		return *refused
	}
	if q.Method != http.MethodGet {
		return methodNotAllowed("GET")
	}
	access := []map[string]string{}
	for _, scope := range inst.Scopes {
		access = append(access, map[string]string{"scope": scope, "access": "required"})
	}
	return jsonResponse(http.StatusOK, map[string]any{
		"id":              c.client(inst.Client).manifest.ID,
		"manifestVersion": inst.ManifestVersion,
		"features":        nonNil(inst.Features),
		"apiAccess":       access,
	})
}

// oneOf and the checks below return a problem, or "".
func oneOf(allowed ...string) func(string, any) string {
	return func(name string, value any) string {
		if s, ok := value.(string); ok && slices.Contains(allowed, s) {
			return ""
		}
		return fmt.Sprintf("%s must be one of %s", name, strings.Join(allowed, ", "))
	}
}

func object(name string, value any) string {
	if _, ok := value.(map[string]any); ok {
		return ""
	}
	return name + " must be an object"
}

func webURL(name string, value any) string {
	s, ok := value.(string)
	if !ok {
		return name + " must be a URL"
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return name + " must be an http or https URL"
	}
	return ""
}

// decodeObject reads exactly one JSON object.
func decodeObject(body []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var fields map[string]any
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, fmt.Errorf("it is null")
	}
	if decoder.More() {
		return nil, fmt.Errorf("more follows the object")
	}
	return fields, nil
}

// nonNil copies a list, so that nil becomes [] in JSON.
func nonNil(list []string) []string { return append([]string{}, list...) }
