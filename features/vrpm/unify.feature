Feature: vrpm --unify unifies the packages that it has just updated

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1
    And a guest "mail" with the RPM packages hello-1.0-1
    And the package file /root/hello-1.1-1.rpm

  @0.20-02 @0.31-06 @0.31-07
  Scenario: the first guest shares the files with the others, but for /etc and /var/log
    Given I run "export VSERVER_UNIFY_METHOD=immutable; vrpm --unify web mail -- -U hello-1.1-1.rpm >/tmp/said"
    When I run the script:
      """
      cd /vservers/web
      for file in usr/bin/hello etc/hello.plain var/log/hello/first; do
          test $file -ef ../mail/$file && echo "$file is one" || echo "$file is two"
          lsattr -d $file | grep -q i-- && echo "$file is immutable"
      done
      """
    Then it prints:
      """
      usr/bin/hello is one
      usr/bin/hello is immutable
      etc/hello.plain is two
      var/log/hello/first is two
      """
    And the file "/tmp/said" has the line "Unification"

  Scenario: nothing to unify
    When I run "vrpm --unify web -- -q hello"
    Then the command succeeds
    And it says "Nothing to unify" on standard error

  Scenario: files that are guarded by an earlier unification are released for an update
    Given I run "/usr/lib/vserver/vunify --method immutable web mail -- hello"
    And I run "lsattr -d /vservers/mail/usr/bin/hello | grep i--"
    When I run "vrpm mail -- -U hello-1.1-1.rpm"
    Then the command succeeds
    And the file "/vservers/mail/usr/bin/hello" contains "hello 1.1"
    And the file "/vservers/web/usr/bin/hello" contains "hello 1.0"
