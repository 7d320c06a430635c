package webextest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A featureAPI describes one feature.
type featureAPI struct {
	kind         string // of its requests
	claim        string // of tokens: the address of its API
	urlField     string // of its configuration, required: what devices show
	scope        string
	appField     string   // of the installation
	optional     []string // other fields of its configuration: strings
	replacements []string // allowed in the URL that devices show
}

// features are the two that exist [page]. The page's last example calls the web
// app's own field signageUrl, by mistake: the field is pwaUrl.
var features = map[string]featureAPI{
	DigitalSignage: {
		kind: KindSignage, claim: "signageUrl", urlField: "signageUrl", scope: ScopeSignage,
		appField:     "digitalSignageConfiguration",
		replacements: []string{"deviceId", "deviceName", "deviceModel", "ownerId", "ownerName", "organizationId"},
	},
	PersistentWebApp: {
		kind: KindPWA, claim: "pwaUrl", urlField: "pwaUrl", scope: ScopePWA,
		appField:     "persistentWebAppConfiguration",
		optional:     []string{"directXapiAccessAllowListOverride"}, // [java]
		replacements: []string{"deviceId", "deviceName", "deviceModel", "ownerId", "ownerName", "peripheralSerial", "organizationId"},
	},
}

// Configuration is the stored configuration of a feature, without the fields that
// Webex adds on GET; false if there is none.
func (i *Integration) Configuration(orgID, feature string) (map[string]any, bool) {
	defer i.cloud.lock()()
	inst := i.installed(orgID)
	if inst == nil {
		return nil, false
	}
	stored, ok := inst.Configurations[feature]
	return clone(stored.Values), ok
}

// SetConfiguration stores a configuration without the integration, unchecked and
// without a push.
func (i *Integration) SetConfiguration(orgID, feature string, configuration map[string]any) {
	defer i.cloud.change(orgID)()
	if inst := i.installed(orgID); inst != nil {
		i.cloud.store(inst, feature, clone(configuration))
	}
}

// DeleteConfiguration deletes a configuration without the integration.
func (i *Integration) DeleteConfiguration(orgID, feature string) {
	defer i.cloud.change(orgID)()
	if inst := i.installed(orgID); inst != nil {
		delete(inst.Configurations, feature)
	}
}

// Pushes counts the accepted PUTs for a feature of an organization, over all
// installations of the integration there: each makes Webex push the URL to every device [page].
func (i *Integration) Pushes(orgID, feature string) int {
	defer i.cloud.lock()()
	if org := i.cloud.org(orgID); org != nil {
		return org.Pushes[i.upload.ClientID][feature]
	}
	return 0
}

// SetReadback sets a function that changes the configuration in the response to a GET
// or PUT, not the stored one. It gets a copy, and must not call the Cloud. Nil
// removes it.
func (c *Cloud) SetReadback(f func(feature string, configuration map[string]any) map[string]any) {
	defer c.lock()()
	c.readback = f
}

func (i *Integration) installed(orgID string) *installation {
	if org := i.cloud.org(orgID); org != nil {
		return org.installed[i.upload.ClientID]
	}
	return nil
}

func (c *Cloud) store(inst *installation, feature string, values map[string]any) {
	sequence := 1
	if org := c.org(inst.org); org != nil {
		for _, other := range org.installed {
			sequence = max(sequence, other.Configurations[feature].Sequence+1)
		}
	}
	inst.Configurations[feature] = storedConfiguration{
		Values: values, Version: inst.Configurations[feature].Version + 1, Stored: c.now(), Sequence: sequence,
	}
}

// serveFeature is the API of a feature: GET, PUT and DELETE [page], or 404 if the
// approved manifest does not have the feature [ours].
func (c *Cloud) serveFeature(q *apiRequest, feature string) response {
	inst, token, refused := c.authorize(q)
	if refused != nil {
		return *refused
	}
	api := features[feature]
	if !slices.Contains(token.Scopes, api.scope) {
		return webexError(http.StatusForbidden, "The access token lacks the scope "+api.scope)
	}
	if !slices.Contains(inst.Features, feature) {
		return notFound("The manifest does not provide " + feature)
	}
	stored, exists := inst.Configurations[feature]
	switch q.Method {
	case http.MethodPut:
		return c.putFeature(inst, feature, q.body)
	case http.MethodGet, http.MethodHead, http.MethodDelete:
	default:
		return methodNotAllowed("GET, PUT, DELETE")
	}
	if !exists {
		return notFound("No configuration is stored for " + feature)
	}
	if q.Method == http.MethodDelete {
		delete(inst.Configurations, feature)
		return response{status: http.StatusNoContent}
	}
	return jsonResponse(http.StatusOK, c.shown(feature, stored))
}

// shown is a configuration as GET and PUT return it, with fields that Webex adds
// [ours: no source says which, only that there may be some].
func (c *Cloud) shown(feature string, stored storedConfiguration) map[string]any {
	values := clone(stored.Values)
	if c.readback != nil {
		values = c.readback(feature, values)
	}
	if values == nil {
		values = map[string]any{}
	}
	values["configurationVersion"] = stored.Version
	values["lastModified"] = timestamp(stored.Stored)
	return values
}

// putFeature stores a configuration and counts a push, even if nothing changed.
func (c *Cloud) putFeature(inst *installation, feature string, body []byte) response {
	configuration, err := decodeObject(body)
	if err != nil {
		return webexError(http.StatusBadRequest, "The body is not a JSON object", err.Error())
	}
	if problems := features[feature].problems(configuration); problems != nil {
		return webexError(http.StatusBadRequest, "The configuration is not valid", problems...)
	}
	c.store(inst, feature, configuration)
	if org := c.org(inst.org); org != nil {
		org.countPush(inst.Client, feature)
	}
	return jsonResponse(http.StatusOK, c.shown(feature, inst.Configurations[feature]))
}

// problems checks a configuration against the page's table [page]. Fields that
// it does not list are refused [ours].
func (f featureAPI) problems(configuration map[string]any) []string {
	var problems []string
	add := func(problem string) {
		if problem != "" {
			problems = append(problems, problem)
		}
	}
	if value, ok := configuration[f.urlField]; !ok {
		add(f.urlField + " is required")
	} else {
		add(f.deviceURL(value))
	}
	for _, name := range slices.Sorted(maps.Keys(configuration)) {
		switch value := configuration[name]; {
		case name == f.urlField:
		case name == "crossLaunch":
			problems = append(problems, crossLaunchProblems(value)...)
		case slices.Contains(f.optional, name):
			if _, ok := value.(string); !ok {
				add(name + " must be a string")
			}
		default:
			add("unknown field " + name)
		}
	}
	return problems
}

// deviceURL checks the URL that devices show.
func (f featureAPI) deviceURL(value any) string {
	if problem := webURL(f.urlField, value); problem != "" {
		return problem
	}
	matches := replacementValue.FindAllStringSubmatch(value.(string), -1)
	if len(matches) != strings.Count(value.(string), "$(") {
		return f.urlField + ": a replacement value is not closed"
	}
	for _, match := range matches {
		if !slices.Contains(f.replacements, match[1]) {
			return fmt.Sprintf("%s: unknown replacement value %s; known are %s",
				f.urlField, match[0], strings.Join(f.replacements, ", "))
		}
	}
	return ""
}

// crossLaunchProblems checks the optional map of cross-launch URLs: each map in it
// requires a url [page].
func crossLaunchProblems(value any) []string {
	tasks, ok := value.(map[string]any)
	if !ok {
		return []string{"crossLaunch must be an object"}
	}
	var problems []string
	for _, task := range slices.Sorted(maps.Keys(tasks)) {
		path := "crossLaunch." + task
		fields, ok := tasks[task].(map[string]any)
		switch {
		case task != "assignContent" && task != "manageContent":
			problems = append(problems, "unknown field "+path)
			continue
		case !ok:
			problems = append(problems, path+" must be an object")
			continue
		}
		if problem := webURL(path+".url", fields["url"]); problem != "" {
			problems = append(problems, problem)
		}
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if name != "url" {
				problems = append(problems, "unknown field "+path+"."+name)
			}
		}
	}
	return problems
}

// clone copies a JSON object deeply. Nil stays nil.
func clone(values map[string]any) map[string]any {
	if values == nil {
		return nil
	}
	var copied map[string]any
	if err := json.Unmarshal(encode(values), &copied); err != nil {
		panic("webextest: cannot copy a configuration: " + err.Error())
	}
	return copied
}
