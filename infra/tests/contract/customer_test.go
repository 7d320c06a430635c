package contract_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// object is JSON that a test writes or reads.
type object = map[string]any

// seconds is a time as a token's `iat` says it, from now.
func seconds(fromNow int) int64 { return time.Now().Unix() + int64(fromNow) }

// customer is an organization, and the deployment that it uses.
type customer struct {
	*testing.T
	stack *stack.Stack
	cloud *webextest.Cloud
	org   *webextest.Organization
	since int // requests at Webex that were there before
}

// newCustomer adds an organization of one test's own to the shared stack.
func newCustomer(t *testing.T, region string) *customer {
	t.Helper()
	return customerOf(t, shared, region)
}

func customerOf(t *testing.T, s *stack.Stack, region string) *customer {
	t.Helper()
	return &customer{T: t, stack: s, cloud: s.Webex(), org: s.Webex().AddOrganization("Customer of "+t.Name(), region)}
}

// activated is a customer whose activation is completed: half a minute ago, so
// that what happens now is later by the clock of whole seconds.
func activated(t *testing.T, region string) *customer {
	t.Helper()
	return newCustomer(t, region).activate()
}

func (c *customer) activate() *customer {
	c.Helper()
	c.postActivation(c.activation(object{"iat": seconds(-30)})).want(c.T, 200)
	c.forget()
	return c
}

// in is the same customer in a subtest.
func (c *customer) in(t *testing.T) *customer {
	copied := *c
	copied.T = t
	return &copied
}

// activation is an activation code with changes to its claims; nil removes one.
func (c *customer) activation(changes object) string {
	c.Helper()
	token, err := c.cloud.MintActivation(c.org.ID())
	if err != nil {
		c.Fatal(err)
	}
	if changes == nil {
		return token
	}
	return c.cloud.Sign(c.org.Region(), nil, merged(claimsOf(c.T, token), changes))
}

// token is one for an action, with changes to its claims; nil removes one.
func (c *customer) token(action string, changes object) string {
	c.Helper()
	token, err := c.cloud.MintAction(c.org.ID(), action, changes)
	if err != nil {
		c.Fatal(err)
	}
	return token
}

// signedBy is token, signed by the region named.
func (c *customer) signedBy(region, action string, changes object) string {
	c.Helper()
	return c.cloud.Sign(region, nil, claimsOf(c.T, c.token(action, changes)))
}

func merged(claims, changes object) object {
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// claimsOf reads the claims of a token, unchecked.
func claimsOf(t *testing.T, token string) object {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	claims := object{}
	decoder := json.NewDecoder(strings.NewReader(string(payload)))
	decoder.UseNumber()
	if err := decoder.Decode(&claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// postActivation delivers an activation code as a program does.
func (c *customer) postActivation(token string) answer {
	c.Helper()
	return c.postJSON("/activation", object{"jwt": token})
}

// activateAt delivers an activation code with one address changed.
func (c *customer) activateAt(claim, url string) answer {
	c.Helper()
	return c.postActivation(c.activation(object{claim: url}))
}

// activateWith delivers an activation code while Webex misbehaves.
func (c *customer) activateWith(f webextest.Fault) answer {
	c.Helper()
	c.fault(f)
	return c.postActivation(c.activation(nil))
}

// act delivers a management action.
func (c *customer) act(token string) answer {
	c.Helper()
	return c.postJSON("/actions", object{"jwt": token})
}

// launch cross-launches from the page of a feature. Fields is what the body
// holds beside the token; the one for a new token is made here.
func (c *customer) launch(feature, task string, fields object) answer {
	c.Helper()
	return c.launchWith(c.token(webextest.ActionCrossLaunch, nil), feature, task, fields)
}

func (c *customer) launchWith(token, feature, task string, fields object) answer {
	c.Helper()
	body := object{"jwt": token}
	maps.Copy(body, fields)
	return c.postJSON("/crossLaunch/"+feature+"/"+task, body)
}

// serves reports whether cross-launches are answered, which the contract ties to
// an installation that is there.
func (c *customer) serves() bool {
	c.Helper()
	return c.launch(webextest.DigitalSignage, "manageContent", nil).status == 200
}

// code cross-launches and returns the launch code.
func (c *customer) code(fields object) string {
	c.Helper()
	return c.launch(webextest.DigitalSignage, "assignContent", fields).launchCode(c.T)
}

// redeem redeems a launch with the content API key.
func (c *customer) redeem(code string) answer {
	c.Helper()
	return c.redeemWith(code, bearer(newKey))
}

func (c *customer) redeemWith(code string, headers map[string]string) answer {
	c.Helper()
	return send(c.T, request{method: "POST", url: c.stack.URL() + "/launches/" + code, headers: headers})
}

func bearer(key string) map[string]string { return map[string]string{"Authorization": "Bearer " + key} }

func (c *customer) postJSON(path string, body object) answer {
	c.Helper()
	return c.post(path, "application/json", encode(c.T, body))
}

func (c *customer) post(path, contentType, body string) answer {
	c.Helper()
	return send(c.T, request{method: "POST", url: c.stack.URL() + path, contentType: contentType, body: body})
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// forget has calls count from now on.
func (c *customer) forget() { c.since = len(c.cloud.Requests()) }

// calls are the requests at Webex for this customer, such as "PUT signage".
func (c *customer) calls() []string {
	calls := []string{}
	for _, r := range c.cloud.Requests()[c.since:] {
		if r.OrgID == c.org.ID() {
			calls = append(calls, r.Method+" "+r.Kind)
		}
	}
	return calls
}

// pushes counts the PUTs of a feature that Webex accepted.
func (c *customer) pushes(feature string) int { return c.cloud.Pushes(c.org.ID(), feature) }

// installation is what Webex holds of the integration.
func (c *customer) installation() webextest.InstallationView {
	c.Helper()
	view, ok := c.cloud.Installation(c.org.ID())
	if !ok {
		c.Fatal("Webex knows of no installation")
	}
	return view
}

// verify runs verifyconfigs for this customer, due or not.
func (c *customer) verify() answer {
	c.Helper()
	return c.invoke("VerifyConfigsFunction", object{"orgIds": []string{c.org.ID()}})
}

// invoke calls a function through the Lambda Invoke API.
func (c *customer) invoke(function string, event any) answer {
	c.Helper()
	return send(c.T, request{
		method: "POST", url: c.stack.URL() + "/2015-03-31/functions/" + function + "/invocations",
		contentType: "application/json", body: encode(c.T, event),
	})
}

// fault injects a fault into what Webex answers about this customer.
func (c *customer) fault(f webextest.Fault) {
	f.OrgID = c.org.ID()
	c.cloud.Inject(f)
}
