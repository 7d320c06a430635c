package stack

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"strings"

	"signpost/infra/jsonfile"
)

// SAMPort is the port for `sam local start-api` beside a running stack, which
// uses SAM's defaults 3000 and 3001 itself.
const SAMPort = 3010

// containerHost is Docker's name for this machine inside a container.
const containerHost = "host.docker.internal"

// SAMFile is the path of the functions' settings for `sam local --env-vars`.
func (s *Stack) SAMFile() string { return filepath.Join(s.settings.dataDir, "sam.json") }

// writeSAMFile writes the settings in SAM's form, {"Parameters": {…}}, with the
// table's address as seen from a container. Secrets that came from the
// environment are omitted: the developer must add SECRET_JSON.
func (s *Stack) writeSAMFile() error {
	variables := s.settings.allVariables()
	maps.Copy(variables, s.table.variables())
	for name := range variables {
		if strings.HasPrefix(name, "AWS_") && name != settingTable {
			delete(variables, name) // SAM sets its own
		}
	}
	delete(variables, "SECRET_ORIGIN_KEY")
	if s.settings.secretsFile == "" {
		delete(variables, "SECRET_JSON")
	}
	variables[settingTable] = fromContainer(s.table.endpoint)
	variables["INSTALLATIONS_TABLE"] = s.TableName()
	variables["PUBLIC_URL"] = cmp.Or(s.settings.given["PUBLIC_URL"], fmt.Sprintf("http://127.0.0.1:%d", SAMPort))
	if err := jsonfile.Write(s.SAMFile(), map[string]any{"Parameters": variables}, 0o600); err != nil {
		return fmt.Errorf("settings for SAM: %w", err)
	}
	return nil
}

// fromContainer returns an address as seen from a container.
func fromContainer(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	host, port := u.Hostname(), u.Port()
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return address
	}
	if u.Host = containerHost; port != "" {
		u.Host += ":" + port
	}
	return u.String()
}
