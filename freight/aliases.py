"""Random names for freight that people can say: `<adjective>-<animal>`.

Source: Kargo names freight in the same form; the words are our own.
"""

import secrets


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    """
    able agile airy amber ample apt arctic azure balmy bold bonny brave breezy bright brisk bronze bubbly
    busy calm candid caring cheery chief civil classic clean clear clever cloudy coastal copper coral cosmic
    cosy crafty crimson crisp curious dainty dapper daring dashing dawning deft dewy downy dreamy dulcet
    eager early earnest easy elated elegant even fair famous fancy fearless festive fine fleet floral fluffy
    fond frank free fresh frosty fuzzy gallant gentle gifted giddy glad gleaming golden good graceful grand
    grateful green handy happy hardy hearty helpful honest hopeful humble icy ideal indigo ivory jade jaunty
    jolly jovial joyful keen kind lemon light lilac lively loyal lucid lucky lunar mellow merry mighty mild
    mindful minty misty modest mossy neat nimble noble olive open patient peachy pearly perky placid playful
    plucky plum polite pretty prime proud quaint quick quiet radiant rapid ready regal robust rosy ruby
    rustic sage sandy serene sharp shiny silent silky silver simple sincere sleek smart smooth snowy snug
    soft solar solid sparkly spirited spry stable starry steady stellar sturdy subtle summery sunny super
    sure swift tender thankful tidy topaz tranquil trim true trusty upbeat valiant velvet vernal vibrant
    vivid warm watchful wise witty woody young zesty
    """
)
ANIMALS = _words(
    """
    alpaca antelope axolotl badger barbet basilisk bat bear beaver bee beetle bilby bison blackbird bluebird
    bobcat bongo buffalo bullfinch bunting butterfly buzzard camel canary capybara caracal cardinal caribou
    cassowary cat chaffinch chameleon cheetah chickadee chinchilla chipmunk cicada civet clam coati cockatoo
    condor coot cormorant crab crane cricket cuckoo curlew deer dingo dipper dolphin dormouse dove dragonfly
    duck dugong dunlin eagle echidna egret eider eland elephant elk emu ermine falcon ferret finch firefly
    flamingo fox frog gannet gazelle gecko gerbil gibbon giraffe goat godwit goldfinch goose gopher grebe
    grouse guanaco gull hamster hare harrier hawk hedgehog heron hippo hoopoe hornbill horse hummingbird
    ibex ibis iguana impala jackdaw jaguar jay kakapo kangaroo kestrel kingfisher kinkajou kite kiwi koala
    koi kudu ladybird lapwing lark lemming lemur leopard linnet lion lizard llama lobster loon loris lynx
    macaw magpie mallard manatee mandrill margay marlin marmot marten meerkat merlin mole mongoose moose
    moth mouse narwhal newt nightingale numbat nuthatch ocelot octopus okapi opossum orca oriole oryx osprey
    ostrich otter owl oyster panda pangolin parrot partridge peacock pelican penguin petrel pheasant pigeon
    pika pipit platypus plover pony porcupine porpoise possum puffin puma quail quetzal quokka rabbit
    raccoon raven redstart reindeer robin rook salamander salmon sandpiper seahorse seal serval shearwater
    sheep shrike siskin skylark sloth snipe sparrow spoonbill squirrel starfish starling stilt stoat stork
    swallow swan swift tamarin tanager tapir tarsier teal tern thrush tiger tortoise toucan trout turaco
    turtle vole wagtail wallaby walrus warbler waxwing weasel weaver whale whimbrel wigeon wolf wombat
    woodcock woodpecker wren yak zebra
    """
)


def random_alias() -> str:
    """Two words joined by a hyphen; the caller makes sure that nobody has it."""
    return f"{secrets.choice(ADJECTIVES)}-{secrets.choice(ANIMALS)}"
