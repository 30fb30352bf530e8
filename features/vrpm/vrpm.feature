Feature: vrpm runs one rpm command for several guests

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1
    And a guest "mail" with the RPM packages hello-1.0-1
    And a guest "dns" with the RPM packages hello-1.0-1
    And the package file /root/hello-1.1-1.rpm

  @0.9-10
  Scenario: a package is updated in the guests that are named, and nowhere else
    When I run "vrpm web mail -- -U hello-1.1-1.rpm"
    Then the command succeeds
    And it prints:
      """
      Updating server web
      Updating server mail
      """
    When I run "vrpm web mail dns -- -q hello | grep hello"
    Then it prints:
      """
      hello-1.1-1.noarch
      hello-1.1-1.noarch
      hello-1.0-1.noarch
      """
    And the file "/vservers/web/usr/bin/hello" contains "hello 1.1"
    And the file "/usr/bin/hello" does not exist

  @0.9-11
  Scenario: all guests
    Given the file "/etc/vservers/gone.conf" with the line "IPROOT=192.0.2.20"
    When I run "vrpm web ALL -- -q hello | sort"
    Then it prints:
      """
      Updating server dns
      Updating server mail
      Updating server web
      hello-1.0-1.noarch
      hello-1.0-1.noarch
      hello-1.0-1.noarch
      """

  @0.9-12
  Scenario: rpm gets the root and the database of the guest
    When I run "vrpm web -- -qa"
    Then it prints:
      """
      Updating server web
      hello-1.0-1.noarch
      """
    When I run "vrpm web -- --eval '%_dbpath'"
    Then the output has the line "/var/lib/rpm"

  @0.19-11
  Scenario: scripts of a package act in the context of a running guest
    Given the guest "web" has the setting S_HOSTNAME=web.example.com
    And the guest "web" is running
    When I run "vrpm web -- -U hello-1.1-1.rpm"
    Then the command succeeds
    And the file "/vservers/web/var/log/hello/post" has the line "web.example.com"
    And the process "sleep 987" runs on the host
    When I run "vserver --silent web exec pidof sleep"
    Then the command succeeds
    When I run "vserver web stop"
    Then no process "sleep 987" runs on the host

  @0.19-11
  Scenario: scripts of a package leave nothing behind in a stopped guest
    When I run "vrpm web -- -U hello-1.1-1.rpm"
    Then the command succeeds
    And the file "/vservers/web/var/log/hello/post" exists
    And no process "sleep 987" runs on the host
    And the guest "web" is not running

  Scenario: arguments reach rpm as they are
    When I run "vrpm web -- -q --queryformat '%{NAME}  and  $HOME\n' hello"
    Then the output has the line "hello  and  $HOME"

  @0.29-05 @0.29-22
  Scenario: the tree is where the configuration says
    Given I run "mv /vservers/web /vservers/elsewhere"
    And the guest "web" has the setting VSERVERDIR=/vservers/elsewhere
    When I run "vrpm web -- -q hello"
    Then the output has the line "hello-1.0-1.noarch"

  Scenario: on a terminal
    When I run "vrpm web -- -q hello" on a terminal
    Then the screen shows "hello-1.0-1.noarch"
    And the command on the terminal ends with status 0
