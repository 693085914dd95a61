package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/energytwin/energytwin/controllers"
)

// operatorUser is under whose name the operator speaks to the API server, and
// by which its writes are found in the audit log.
const operatorUser = "operator"

// auditPolicy logs the operator's writes and nothing else.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  users: [` + operatorUser + `]
  verbs: [create, update, patch, delete, deletecollection]
- level: None
`

// plane is a control plane without kubelets.
type plane struct {
	env        *envtest.Environment
	admin      client.WithWatch
	kubeconfig string // of the operator
	audit      string // file
}

func startPlane(ctx context.Context, assets, work string) (*plane, error) {
	if assets == "" {
		return nil, errors.New("no control plane: set KUBEBUILDER_ASSETS to a folder with kube-apiserver and etcd, or run make bench-operator, which finds or builds them")
	}
	scheme, err := controllers.Scheme()
	if err != nil {
		return nil, err
	}
	p := &plane{audit: filepath.Join(work, "audit.log"), kubeconfig: filepath.Join(work, "kubeconfig")}
	policy := filepath.Join(work, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return nil, err
	}
	p.env = &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{"config/crd/bases"}, ErrorIfCRDPathMissing: true, Scheme: scheme,
	}
	// Each twin has half a dozen Services.
	p.env.ControlPlane.GetAPIServer().Configure().
		Set("service-cluster-ip-range", "10.0.0.0/12").
		Set("audit-policy-file", policy).Set("audit-log-path", p.audit).
		Set("audit-log-maxsize", "10000")
	cfg, err := p.env.Start()
	if err != nil {
		return nil, fmt.Errorf("start the control plane: %w", err)
	}
	cfg.QPS = -1
	if p.admin, err = client.NewWithWatch(cfg, client.Options{Scheme: scheme}); err != nil {
		return nil, errors.Join(err, p.env.Stop())
	}
	if err := p.addOperator(ctx); err != nil {
		return nil, errors.Join(err, p.env.Stop())
	}
	return p, nil
}

// addOperator lets the operator do what its generated role allows, and no more.
func (p *plane) addOperator(ctx context.Context) error {
	content, err := os.ReadFile("config/rbac/role.yaml")
	if err != nil {
		return fmt.Errorf("read the operator's role: %w; run this program in the repository", err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(content, role); err != nil {
		return fmt.Errorf("config/rbac/role.yaml: %w", err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: operatorUser},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	}
	if err := errors.Join(p.admin.Create(ctx, role), p.admin.Create(ctx, binding)); err != nil {
		return fmt.Errorf("give the operator its role: %w", err)
	}
	user, err := p.env.AddUser(envtest.User{Name: operatorUser}, nil)
	if err != nil {
		return err
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return err
	}
	return os.WriteFile(p.kubeconfig, kubeconfig, 0o600)
}

func (p *plane) namespace(ctx context.Context, name string) error {
	return p.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
}
