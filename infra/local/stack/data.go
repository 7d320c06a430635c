package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// settingData says what happens to the data of earlier runs, the table and the
// simulated Webex's data, which belong together: "keep", the default, keeps
// both; "new" deletes both. The secrets stay.
const settingData = "LOCAL_DATA"

// Files in the data directory.
const (
	tableFile     = "dynamodb.sqlite"
	webexFolder   = "webex"
	tableFileGlob = tableFile + "*" // with SQLite's journals
)

func (s *settings) checkData() error {
	switch value := s.given[settingData]; {
	case value != "" && value != "keep" && value != "new":
		return fmt.Errorf("%s is %q: it must be keep or new", settingData, value)
	case value == "new" && s.externalTable():
		return fmt.Errorf("%s=new cannot empty the table at %s, which %s names: empty it yourself, delete %s and unset %s",
			settingData, s.given[settingTable], settingTable, filepath.Join(s.dataDir, webexFolder), settingData)
	}
	return nil
}

// openData opens the data of earlier runs. It must be called after all checks,
// with the ports taken, so that no other stack uses the data.
func (s *settings) openData(failed func(error)) error {
	if s.given[settingData] == "new" {
		if err := s.removeData(); err != nil {
			return fmt.Errorf("%s=new: %w", settingData, err)
		}
	}
	if s.simulator == nil {
		return nil
	}
	folder := filepath.Join(s.dataDir, webexFolder)
	if err := s.simulator.Persist(folder, failed); err != nil {
		return fmt.Errorf("the simulated Webex's data cannot be read: %w\nset %s=new to start with an empty Webex and table", err, settingData)
	}
	if err := s.sameAddress(); err != nil {
		return err
	}
	s.simulator.SetBaseURL(s.webexURL())
	s.addCustomers()
	return nil
}

func (s *settings) removeData() error {
	files, err := filepath.Glob(filepath.Join(s.dataDir, tableFileGlob))
	if err != nil {
		return err
	}
	problems := []error{os.RemoveAll(filepath.Join(s.dataDir, webexFolder))}
	for _, file := range files {
		problems = append(problems, os.Remove(file))
	}
	return errors.Join(problems...)
}

// sameAddress refuses customers that were activated at another address of the
// simulator: rows of the table contain that address.
func (s *settings) sameAddress() error {
	before, now := s.simulator.BaseURL(), s.webexURL()
	if before == now {
		return nil
	}
	for _, org := range s.simulator.Organizations() {
		if _, installed := s.simulator.Installation(org.ID()); installed {
			return fmt.Errorf("the customers in %s were activated with the simulated Webex at %s, not %s: set %s to that port, or %s=new to start without data",
				s.dataDir, before, now, PortWebex, settingData)
		}
	}
	return nil
}

// addCustomers adds a customer in each region that the functions trust, unless
// an earlier run did.
func (s *settings) addCustomers() {
	known := map[string]bool{}
	for _, org := range s.simulator.Organizations() {
		known[org.Name()] = true
	}
	for _, region := range s.customerRegions() {
		if name := "Example customer in " + region; !known[name] {
			s.simulator.AddOrganization(name, region)
		}
	}
}
