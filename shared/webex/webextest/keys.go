package webextest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
)

// A region has its own key set. The newest ES256 key signs its tokens [token]. It also
// publishes an RS256 key, since the vendor's page shows that algorithm in an
// example [page].
//
// Its JSON is in the files of [Cloud.Persist]. Without an RSA key, which
// [Cloud.MakeKeys] makes, the next process publishes another one.
type region struct {
	name  string
	rsKID string
	ES    []signingKey `json:"es"`           // published; the last one signs
	RS    *signingKey  `json:"rs,omitempty"` // nil for the process's own, which is made on first use
}

type signingKey struct {
	kid     string
	method  jwt.SigningMethod
	private crypto.Signer
}

func newRegion(name string) *region {
	return &region{name: name, ES: []signingKey{newES256Key()}, rsKID: newUUID()}
}

func newES256Key() signingKey {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("webextest: no EC key: " + err.Error()) // the system has no randomness
	}
	return signingKey{kid: newUUID(), method: jwt.SigningMethodES256, private: private}
}

// rsaKeys holds one RSA key per region name for the whole process, since they take
// long to make. Clouds differ by their kids.
var rsaKeys sync.Map

func rsaKeyOf(region string) crypto.Signer {
	once, _ := rsaKeys.LoadOrStore(region, sync.OnceValue(func() crypto.Signer {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("webextest: no RSA key: " + err.Error())
		}
		return private
	}))
	return once.(func() crypto.Signer)()
}

// MakeKeys makes the RSA keys of all regions, which may take a second. Otherwise
// the first request for each key set makes one and blocks all other requests.
func (c *Cloud) MakeKeys() {
	var wait sync.WaitGroup
	for _, name := range c.opts.Regions {
		wait.Go(func() {
			if !c.hasRSAKey(name) {
				rsaKeyOf(name)
			}
		})
	}
	wait.Wait()
	defer c.changeCloud()()
	for _, name := range c.opts.Regions {
		r := c.mustRegion(name)
		key := r.rs256()
		r.RS = &key
	}
}

func (c *Cloud) hasRSAKey(region string) bool {
	defer c.lock()()
	return c.mustRegion(region).RS != nil
}

// JWKSURLs are the addresses of the regions' key sets, by region.
func (c *Cloud) JWKSURLs() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	urls := map[string]string{}
	for _, name := range c.opts.Regions {
		urls[name] = c.regionURL(name) + "/jwks"
	}
	return urls
}

// Sign signs claims with the region's current ES256 key and returns the compact
// JWS. The fields of header are merged over {"kid","typ":"JWT","alg":"ES256"}
// [token]; a nil value removes a field. They do not change how the token is signed,
// so that tests can forge headers. An unknown region panics.
func (c *Cloud) Sign(regionName string, header map[string]any, claims map[string]any) string {
	return c.regionKey(regionName, (*region).es256).sign(header, claims)
}

// SignRS256 is [Cloud.Sign] with the region's RS256 key.
func (c *Cloud) SignRS256(regionName string, header map[string]any, claims map[string]any) string {
	return c.regionKey(regionName, (*region).rs256).sign(header, claims)
}

// PublicKey is the public key that verifies the region's tokens now, and its kid.
func (c *Cloud) PublicKey(regionName string) (*ecdsa.PublicKey, string) {
	key := c.regionKey(regionName, (*region).es256)
	return key.private.Public().(*ecdsa.PublicKey), key.kid
}

// RotateKeys adds an ES256 key, which signs for the region from now on. The old keys
// are still published until [Cloud.PruneKeys].
func (c *Cloud) RotateKeys(region string) {
	key := newES256Key()
	defer c.changeCloud()()
	r := c.mustRegion(region)
	r.ES = append(r.ES, key)
}

// PruneKeys withdraws all ES256 keys of the region except the one that signs.
func (c *Cloud) PruneKeys(region string) {
	defer c.changeCloud()()
	r := c.mustRegion(region)
	r.ES = r.ES[len(r.ES)-1:]
}

func (r *region) es256() signingKey { return r.ES[len(r.ES)-1] }

func (r *region) rs256() signingKey {
	if r.RS != nil {
		return *r.RS
	}
	return signingKey{kid: r.rsKID, method: jwt.SigningMethodRS256, private: rsaKeyOf(r.name)}
}

func (k signingKey) sign(header, claims map[string]any) string {
	token := jwt.NewWithClaims(k.method, jwt.MapClaims(claims))
	token.Header["kid"] = k.kid
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, v any) bool { return v == nil })
	signed, err := token.SignedString(k.private)
	if err != nil {
		panic("webextest: cannot sign: " + err.Error()) // the test's claims are no JSON
	}
	return signed
}

func (k signingKey) jwk() jwkset.JWKMarshal {
	jwk, err := jwkset.NewJWKFromKey(k.private.Public(), jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(k.method.Alg()), KID: k.kid, USE: jwkset.UseSig},
	})
	if err != nil {
		panic("webextest: cannot publish a key: " + err.Error()) // our own keys are of known types
	}
	return jwk.Marshal()
}

// mustRegion is called with the lock held. It panics for an unknown region, which is
// a mistake of the test.
func (c *Cloud) mustRegion(name string) *region {
	r, ok := c.regions[name]
	if !ok {
		panic(fmt.Sprintf("webextest: no region %q", name))
	}
	return r
}

func (c *Cloud) regionKey(name string, which func(*region) signingKey) signingKey {
	defer c.lock()()
	return which(c.mustRegion(name))
}

func (c *Cloud) serveJWKS(q *apiRequest) response {
	r, ok := c.regions[q.PathValue("region")]
	if !ok {
		return notFound("There is no region " + q.PathValue("region"))
	}
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		return methodNotAllowed("GET")
	}
	set := jwkset.JWKSMarshal{}
	for _, key := range append(r.ES[:len(r.ES):len(r.ES)], r.rs256()) {
		set.Keys = append(set.Keys, key.jwk())
	}
	body, err := json.Marshal(set)
	if err != nil {
		panic("webextest: cannot publish keys: " + err.Error())
	}
	return response{status: http.StatusOK, body: body}
}
