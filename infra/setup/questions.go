package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"signpost/infra/stage"
	"signpost/shared/config"
)

// question is one thing that only a person knows.
type question struct {
	// key names it for -set: a variable of the functions, or a field of the
	// settings' file.
	key  string
	text string
	// help says what it is and where it is found.
	help string
	// fallback is proposed where nothing is set.
	fallback func() string
	// check judges the answer; what it may be if it is a variable of the
	// functions is theirs to say.
	check func(string) error
	// when is whether it is asked at all; nil means always.
	when func(stage.Settings) bool
}

// questions are asked in this order. What has a good default is not asked for,
// and can be set by -set or in the file.
var questions = []question{
	{key: "WEBEX_APP_ID", text: "Id of the integration", fallback: newUUID, check: variable("WEBEX_APP_ID"),
		help: "A UUID that you choose once: the manifest's id. Take the one of your manifest, if you have one."},
	{key: "integration.displayName", text: "Name of the integration", check: notEmpty, help: "As administrators see it in Control Hub."},
	{key: "VENDOR_NAME", text: "Your name", check: both(notEmpty, variable("VENDOR_NAME")), help: "The vendor, in Control Hub and on the activation page."},
	{key: "integration.email", text: "Contact", check: email, help: "An e-mail address, for Cisco and administrators."},
	{key: "SUPPORT_URL", text: "Your support", check: variable("SUPPORT_URL"),
		help: "https:// and a page or mailto: and an address, shown to administrators whose activation fails. May be empty."},
	{key: "integration.description", text: "What it does", check: notEmpty, help: "One or two sentences, shown in Control Hub."},
	{key: "integration.availability", text: "Availability", fallback: always("org_private"), check: oneOf("org_private", "global"),
		help: "org_private: one organization uploads the manifest. global: every customer finds it, once Cisco has approved it."},
	{key: "integration.tocUrl", text: "Terms of use", check: config.CheckAddress, when: isGlobal, help: "A global integration names an address for them."},
	{key: "integration.provisioning", text: "Provisioning", fallback: always("manual"), check: oneOf("manual", "https"),
		help: "manual: an administrator pastes the activation code into our page. https: Control Hub posts it to us,\n" +
			"  to an address that is known: of your own, or after a first deployment with manual."},
	{key: "SIGNAGE_URL", text: "Signage page", check: variable("SIGNAGE_URL"),
		help: "What signage devices show; may hold $(deviceId) and the like. Leave empty if you provide no digital signage."},
	{key: "PWA_URL", text: "Persistent web app", check: variable("PWA_URL"),
		help: "What Room Navigators show. Leave empty if you provide no web app."},
	{key: "CONTENT_URL", text: "Your content page", check: variable("CONTENT_URL"),
		help: "Opened in a new tab when an administrator assigns content; launch=<code> is added to its query."},
	{key: "deployment.domain", text: "Host name of your own for the API", check: none,
		help: "Such as signpost.example.com. Leave empty for the name that API Gateway gives."},
	{key: "deployment.certificateArn", text: "Its certificate", check: notEmpty, when: hasDomain,
		help: "ARN of an issued certificate in AWS Certificate Manager, in the region of the stack."},
	{key: "deployment.hostedZoneId", text: "Its hosted zone", check: none, when: hasDomain,
		help: "Id of the Route 53 zone to put the name into. Leave empty to make the name yourself."},
	{key: "deployment.alarmEmail", text: "Who hears of alarms", check: ifAny(email), help: "An e-mail address; AWS asks it to confirm. May be empty."},
	{key: "WEBEX_CLIENT_ID", text: "OAuth client id", check: ifAny(variable("WEBEX_CLIENT_ID")),
		help: "Control Hub shows it once, when the manifest is uploaded (make manifest). Leave empty until then."},
}

func isGlobal(s stage.Settings) bool  { return s.Integration.Availability == "global" }
func hasDomain(s stage.Settings) bool { return s.Deployment.Domain != "" }

// ask goes through the questions. What is set is proposed; what -set says is
// not asked, and in a batch nothing is.
func (s *session) ask(found bool) error {
	for _, key := range slices.Sorted(maps.Keys(s.set)) {
		if err := s.assign(key, s.set[key]); err != nil {
			return err
		}
	}
	if !s.batch {
		s.dialog.say("Settings of %s. An empty answer keeps what is in brackets; - empties it.", s.stage)
	}
	var problems []error
	for _, q := range questions {
		if q.when != nil && !q.when(s.settings) {
			continue
		}
		if err := s.settle(q, found); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", q.key, err))
		}
	}
	return errors.Join(problems...)
}

// settle finds the answer to one question.
func (s *session) settle(q question, found bool) error {
	field, err := s.field(q.key)
	if err != nil {
		return err
	}
	proposed := field.get()
	// An id that is lost is not silently replaced by another one.
	lost := found && s.batch && q.key == "WEBEX_APP_ID"
	if proposed == "" && q.fallback != nil && !lost {
		proposed = q.fallback()
	}
	if _, given := s.set[q.key]; given || s.batch {
		field.set(proposed)
		return q.check(proposed)
	}
	answer, err := s.dialog.ask(q, proposed)
	if err != nil {
		return err
	}
	field.set(answer)
	return nil
}

func always(text string) func() string { return func() string { return text } }

func none(string) error { return nil }

func notEmpty(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("it is needed")
	}
	return nil
}

func email(text string) error {
	if !stage.IsEmail(text) {
		return errors.New("it is not an e-mail address")
	}
	return nil
}

func oneOf(choices ...string) func(string) error {
	return func(text string) error {
		if !slices.Contains(choices, text) {
			return fmt.Errorf("it must be one of %s", strings.Join(choices, ", "))
		}
		return nil
	}
}

// variable judges a variable of the functions as they do.
func variable(name string) func(string) error {
	return func(text string) error { return stage.CheckVariable(name, text) }
}

func ifAny(check func(string) error) func(string) error {
	return func(text string) error {
		if text == "" {
			return nil
		}
		return check(text)
	}
}

func both(first, second func(string) error) func(string) error {
	return func(text string) error { return cmp.Or(first(text), second(text)) }
}

// newUUID makes a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
