package stack

import (
	"cmp"
	"encoding/json"
	"maps"

	"signpost/infra/template"
)

// setDefaults sets the local values of the functions' variables.
func (s *settings) setDefaults() {
	s.defaults = map[string]string{
		"PUBLIC_URL":     s.apiURL(),
		"VENDOR_NAME":    "Signpost (local)",
		"SUPPORT_URL":    "mailto:support@example.com",
		"WEBEX_MANIFEST": `{"displayName": "Signpost (local)", "email": "support@example.com", "description": "Digital signage and web apps of a local stack."}`,
	}
	if s.simulator == nil {
		return
	}
	keySets, _ := json.Marshal(s.simulator.JWKSURLs()) // a map of strings always encodes
	samples := s.webexURL() + samplePath
	maps.Copy(s.defaults, map[string]string{
		"WEBEX_APP_ID":    s.simulator.AppID(),
		"WEBEX_CLIENT_ID": s.simulator.ClientID(),
		"WEBEX_JWKS_URLS": string(keySets),
		"WEBEX_HOSTS":     "127.0.0.1",
		"SIGNAGE_URL":     samples + "signage?deviceId=$(deviceId)&deviceName=$(deviceName)&workspace=$(ownerName)",
		"PWA_URL":         samples + "app?deviceId=$(deviceId)&deviceName=$(deviceName)&navigator=$(peripheralSerial)",
		"CONTENT_URL":     samples + "content",
		"WELCOME_URL":     samples + "content",
	})
}

// addVariables adds the variables of a function, without its secret. A value of
// the environment wins over the local default, and that over the template.
func (s *settings) addVariables(result map[string]string, f template.Function) {
	for name, value := range f.Environment {
		if name != "SECRET_ID" && name != "SECRET_JSON" {
			result[name] = cmp.Or(s.given[name], s.defaults[name], value.Text)
		}
	}
}

// environment returns a function's variables: those of the template, those that
// the table needs, and its part of the secrets.
func (s *settings) environment(f template.Function, table map[string]string) map[string]string {
	result := map[string]string{}
	s.addVariables(result, f)
	maps.Copy(result, table)
	maps.Copy(result, s.secretOf(f))
	return nonEmpty(result)
}

// secretID is the secret in Secrets Manager that the environment names; empty if
// the stack passes the secrets by value.
func (s *settings) secretID() string {
	if s.given["SECRET_JSON"] != "" {
		return ""
	}
	return s.given["SECRET_ID"]
}

// secretOf returns the variables for a function's part of the secrets: its value,
// or the secret that the environment names with the credentials to read it.
func (s *settings) secretOf(f template.Function) map[string]string {
	part, has := secretParameters[f.Environment["SECRET_ID"].Ref]
	if !has {
		return nil
	}
	if id := s.secretID(); id != "" {
		result := s.credentials()
		result["SECRET_ID"] = id
		result["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = s.given["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
		return result
	}
	return map[string]string{"SECRET_JSON": part(s.secrets).document()}
}

// credentials are the developer's, for services that the developer runs.
func (s *settings) credentials() map[string]string {
	result := map[string]string{}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"} {
		if value, ok := s.given[name]; ok {
			result[name] = value
		}
	}
	return result
}

// allVariables returns the variables of all functions together, for checks.
func (s *settings) allVariables() map[string]string {
	result := map[string]string{"AWS_SAM_LOCAL": "true"}
	for _, f := range s.functions {
		s.addVariables(result, f)
	}
	if result["SECRET_ID"] = s.secretID(); result["SECRET_ID"] == "" {
		result["SECRET_JSON"] = s.secrets.document()
	}
	return nonEmpty(result)
}
