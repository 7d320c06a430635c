package stack

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"signpost/infra/local/console"
	"signpost/infra/template"
	"signpost/shared/webex/webextest"
)

// settings are the checked settings of a stack, with its ports taken.
type settings struct {
	options       Options
	given         map[string]string // the environment, without empty values
	functions     []template.Function
	tables        []template.Table
	scheduleEvery time.Duration
	dataDir       string

	api, webex   net.Listener
	dynamoDBPort int
	emulator     string // the program; empty if the developer runs DynamoDB
	simulator    *webextest.Cloud
	wire         *console.Wire // records the simulator's traffic

	secrets     Secrets
	secretsFile string
	defaults    map[string]string
}

// readSettings checks everything that can be checked before anything starts.
// The error names all problems.
func readSettings(options Options) (*settings, error) {
	s := &settings{options: options, given: nonEmpty(options.Environment), scheduleEvery: options.ScheduleEvery}
	problems := []error{s.readTemplate(), s.takePorts(), s.findEmulator(), s.prepareData(), s.checkData(), s.prepareSimulator(), s.checkEvents()}
	s.setDefaults()
	if options.Check != nil && len(s.functions) > 0 { // without a template no variables are known
		problems = append(problems, options.Check(s.allVariables()))
	}
	if err := errors.Join(problems...); err != nil {
		s.closeListeners()
		return nil, err
	}
	return s, nil
}

func nonEmpty(environment map[string]string) map[string]string {
	result := map[string]string{}
	for name, value := range environment {
		if value != "" {
			result[name] = value
		}
	}
	return result
}

// readTemplate reads the template and checks that its functions are built.
func (s *settings) readTemplate() error {
	file := cmp.Or(s.options.Template, filepath.Join(s.options.Root, "template.yaml"))
	read, err := template.Read(file)
	if err != nil {
		return err
	}
	s.functions, s.tables = read.Functions, read.Tables
	var problems []error
	for _, f := range s.functions {
		if _, err := os.Stat(s.binary(f)); err != nil {
			problems = append(problems, fmt.Errorf("%s is not built (%s): run `make build`", f.LogicalID, s.binary(f)))
		}
	}
	return errors.Join(problems...)
}

func (s *settings) binary(f template.Function) string {
	folder := cmp.Or(s.options.Binaries, filepath.Join(s.options.Root, ".build", "functions"))
	if absolute, err := filepath.Abs(folder); err == nil {
		folder = absolute // functions have another working directory
	}
	return filepath.Join(folder, f.Folder())
}

// The settings that name ports.
const (
	PortAPI      = "PORT"
	PortWebex    = "WEBEX_PORT"
	portDynamoDB = "DYNAMODB_PORT"
)

var defaultPorts = map[string]int{PortAPI: 3000, PortWebex: 3001, portDynamoDB: 8000}

// Port returns the port that a setting names in an environment, or the default.
func Port(environment map[string]string, setting string) (int, error) {
	text := environment[setting]
	if text == "" {
		return defaultPorts[setting], nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return 0, fmt.Errorf("%s is %q: it must be a port number", setting, text)
	}
	return port, nil
}

// takePorts listens on every required port, so that no other program can take
// one in the meantime. DynamoDB's is released for the emulator.
func (s *settings) takePorts() error {
	taken := map[int]string{}
	var problems []error
	listen := func(name string) net.Listener {
		listener, err := s.takePort(name, taken)
		problems = append(problems, err)
		return listener
	}
	s.api = listen(PortAPI)
	if s.simulatorOn() {
		s.webex = listen(PortWebex)
	}
	if !s.externalTable() {
		if listener := listen(portDynamoDB); listener != nil {
			s.dynamoDBPort = portOf(listener)
			_ = listener.Close()
		}
	}
	return errors.Join(problems...)
}

func (s *settings) takePort(name string, taken map[int]string) (net.Listener, error) {
	port, err := Port(s.given, name)
	if err != nil {
		return nil, err
	}
	if s.options.EphemeralPorts && s.given[name] == "" {
		port = 0
	}
	if port == 0 && name == portDynamoDB {
		if port, err = FreePort(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if other, both := taken[port]; both && port != 0 {
		return nil, fmt.Errorf("%s and %s are both %d: give them different ports", other, name, port)
	}
	taken[port] = name
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use by another program: set %s to a free one", port, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return listener, nil
}

func portOf(listener net.Listener) int {
	if address, ok := listener.Addr().(*net.TCPAddr); ok {
		return address.Port
	}
	return 0
}

// prepareData creates the directory for table, simulator and secrets. The API's
// port is in its name, so that two stacks do not share one.
func (s *settings) prepareData() error {
	s.dataDir = s.options.DataDir
	if s.dataDir == "" {
		s.dataDir = filepath.Join(s.options.Root, ".local", s.portName(PortAPI, s.api))
	}
	if absolute, err := filepath.Abs(s.dataDir); err == nil {
		s.dataDir = absolute // the emulator has another working directory
	}
	if err := os.MkdirAll(s.dataDir, 0o700); err != nil {
		return fmt.Errorf("local data: %w", err)
	}
	return s.prepareSecrets()
}

// portName is the port of a listener, or, if it is unavailable, the port that
// was wanted, so that the other settings are checked too.
func (s *settings) portName(setting string, listener net.Listener) string {
	if listener == nil {
		return cmp.Or(s.given[setting], strconv.Itoa(defaultPorts[setting]))
	}
	return strconv.Itoa(portOf(listener))
}

func (s *settings) apiURL() string { return "http://127.0.0.1:" + s.portName(PortAPI, s.api) }

// webexURL is empty if the simulator is off.
func (s *settings) webexURL() string {
	if !s.simulatorOn() {
		return ""
	}
	return "http://127.0.0.1:" + s.portName(PortWebex, s.webex)
}

func (s *settings) closeListeners() {
	for _, listener := range []net.Listener{s.api, s.webex} {
		if listener != nil {
			_ = listener.Close() // an error means that a server closed it
		}
	}
}

// Ports below those that systems give to outgoing connections (Linux: from
// 32768), and above the well-known ones.
const (
	lowestPort  = 10_000
	highestPort = 32_000
)

// FreePort finds a free loopback port for a program that starts later. A port
// that the system chooses, with port 0, could be used by an outgoing connection
// before that.
func FreePort() (int, error) {
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no free port found")
}
