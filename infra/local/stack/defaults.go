package stack

import (
	"cmp"
	"encoding/json"
	"maps"

	"signpost/infra/template"
)

// setDefaults makes the local values of the functions' variables.
func (s *settings) setDefaults() {
	s.defaults = map[string]string{
		"PUBLIC_URL":  s.apiURL(),
		"VENDOR_NAME": "Signpost (local)",
		"SUPPORT_URL": "mailto:support@example.com",
	}
	if s.simulator == nil {
		return
	}
	// A map of strings always encodes.
	keySets, _ := json.Marshal(s.simulator.JWKSURLs())
	samples := s.webexURL() + samplePath
	maps.Copy(s.defaults, map[string]string{
		"WEBEX_APP_ID":    s.simulator.AppID(),
		"WEBEX_CLIENT_ID": s.simulator.ClientID(),
		"WEBEX_JWKS_URLS": string(keySets),
		"WEBEX_HOSTS":     "127.0.0.1",
		"SIGNAGE_URL":     samples + "signage?deviceId=$(deviceId)&deviceName=$(deviceName)&workspace=$(ownerName)",
		"PWA_URL":         samples + "app?deviceId=$(deviceId)&deviceName=$(deviceName)&navigator=$(peripheralSerial)",
		"CONTENT_URL":     samples + "content",
	})
}

// variable is the value of a function's variable: what the environment says,
// else the local default, else what the template says.
func (s *settings) variable(name string, fromTemplate template.Value) string {
	return cmp.Or(s.given[name], s.defaults[name], fromTemplate.Text)
}

// secretVariables are those by which a function is given its secret.
var secretVariables = []string{"SECRET_ID", "SECRET_JSON"}

// environment is what a function gets: the variables that the template gives
// it, those that the table needs, and its part of the secrets.
func (s *settings) environment(f template.Function, table map[string]string) map[string]string {
	result := map[string]string{}
	for name, value := range f.Environment {
		result[name] = s.variable(name, value)
	}
	for _, name := range secretVariables {
		delete(result, name)
	}
	maps.Copy(result, table)
	maps.Copy(result, s.secretOf(f))
	maps.DeleteFunc(result, func(_, value string) bool { return value == "" })
	return result
}

// secretOf gives a function the part of the secrets that the template gives it,
// by value, since there is no Secrets Manager here; or, if the environment
// names a secret, that and what it takes to read it.
func (s *settings) secretOf(f template.Function) map[string]string {
	part, has := secretParameters[f.Environment["SECRET_ID"].Ref]
	if !has {
		return nil
	}
	if id, ok := s.given["SECRET_ID"]; ok && s.given["SECRET_JSON"] == "" {
		result := s.credentials()
		result["SECRET_ID"] = id
		result["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = s.given["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
		return result
	}
	return map[string]string{"SECRET_JSON": part(s.secrets).document()}
}

// credentials are the developer's own, for services that are.
func (s *settings) credentials() map[string]string {
	result := map[string]string{}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"} {
		if value, ok := s.given[name]; ok {
			result[name] = value
		}
	}
	return result
}

// allVariables are the variables of all functions together, to be checked.
func (s *settings) allVariables() map[string]string {
	result := map[string]string{"AWS_SAM_LOCAL": "true"}
	for _, f := range s.functions {
		for name, value := range f.Environment {
			result[name] = s.variable(name, value)
		}
	}
	for _, name := range secretVariables {
		delete(result, name)
	}
	if id, ok := s.given["SECRET_ID"]; ok && s.given["SECRET_JSON"] == "" {
		result["SECRET_ID"] = id
	} else {
		result["SECRET_JSON"] = s.secrets.document()
	}
	return nonEmpty(result)
}
