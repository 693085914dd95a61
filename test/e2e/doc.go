// Package e2e runs the operator on a real cluster: pods, volumes, networks and
// policies are those of Kubernetes. `hack/e2e` sets up what it needs.
//
// The tests run only where KUBECONFIG names a cluster and ENERGYTWIN_E2E_IMAGE
// the operator's image that is installed there, so that no cluster is touched
// by accident. They make namespaces of their own and delete them again.
//
//	ENERGYTWIN_E2E_IMAGE       image of the operator that is installed
//	ENERGYTWIN_E2E_NEXT_IMAGE  another name of that image, for the upgrade
//	ENERGYTWIN_E2E_BROKER_IMAGE image of test/e2e/mqttbroker, for readings over MQTT
//	ENERGYTWIN_E2E_HELM        the program helm, if it is not on the PATH
//	ENERGYTWIN_E2E_DEPLOYMENT  any text: also the deployment by hack/ci, 30 minutes, on a
//	                           node that pulls from loopback addresses of this machine
//	ENERGYTWIN_E2E_CAUSES      any text: also causes, states and stuck pods, some minutes,
//	                           on such a node
//	ENERGYTWIN_E2E_CTR         loads images into the node for hack/vm-deploy: ctr -a SOCKET
//	ENERGYTWIN_E2E_ROUNDS      how often each pod is killed; 5
//	ENERGYTWIN_E2E_WALKS       how many random walks over specs there are; 2
//	ENERGYTWIN_E2E_SEED        repeats the random choices of a run
//	ENERGYTWIN_E2E_KEEP        keeps the namespaces of failed tests
package e2e
