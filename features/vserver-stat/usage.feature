Feature: vserver-stat sums up what the processes of each context use

  @0.7-21
  Scenario: the number of processes is that inside the guest
    Given a guest "web"
    And the guest "web" is running
    And I run "vserver web exec sh -c 'for i in 1 2 3 4 5 6 7; do sleep 100 & done'"
    When I run "vserver-stat | awk '$8 == "web" {print $2}'; vserver web status | grep processes"
    Then it prints:
      """
      8
      8 processes running
      """
    Given I run "vserver web exec sh -c 'sleep 100 &'"
    When I run "vserver-stat | awk '$8 == "web" {print $2}'"
    Then it prints "9"

  Scenario: a guest's own init counts, ours does not
    Given a guest "web" with an init of its own
    And the guest "web" is running
    When I run "until vserver web status | grep '^1 processes'; do sleep 0.1; done; vserver-stat | awk '$8 == "web" {print $2}'"
    Then it prints:
      """
      1 processes running
      1
      """

  @0.20-06
  Scenario Outline: memory has the units KB, MB, GB and TB
    Given the executable file "/usr/local/bin/hold":
      """
      #!/usr/bin/python3 -IS
      import mmap, sys, time
      kept = mmap.mmap(-1, int(sys.argv[1]) << 30, mmap.MAP_PRIVATE | 0x4000, mmap.PROT_READ)
      print("holding", flush=True)
      time.sleep(100)
      """
    When I start "chcontext --silent --ctx 300 hold <gigabytes>"
    Then the command in the background prints "holding"
    When I run "vserver-stat | awk '$1 == 300 {print $3}'"
    Then it prints "<shown>"

    Examples:
      | gigabytes | shown |
      | 3         | 3GB   |
      | 1023      | 1023GB |

    @0.20-07
    Examples: more than a terabyte
      | gigabytes | shown |
      | 2049      | 2TB   |
      | 20480     | 20TB  |

  Scenario: a guest is up since its oldest process was started
    Given a guest "web"
    And the guest "web" is running
    When I run "vserver-stat | awk '$8 == "web" {print $7}' | cut -c 1-2"
    Then it prints "m0"

  Scenario: as JSON, in bytes and seconds
    Given a guest "web"
    And the guest "web" is running
    And the file "/etc/vservers/web.conf" with the line "#Description: Some vserver"
    When I run "vserver-stat --json | python3 -c 'import json, sys; web = json.load(sys.stdin)[1]; print(web["context"], web["processes"], web["rss"] % 4096, web["description"])'"
    Then it prints "49152 1 0 Some vserver"
