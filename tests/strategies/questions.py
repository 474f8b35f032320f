"""Questions of four obviously different kinds."""

SHOPPING = (
    "Nina buys 3 notebooks at the shop for 2 dollars each. How many dollars does she pay?",
    "At the shop a pen costs 4 dollars. How many dollars does Omar pay for 6 pens?",
    "Ruth pays 20 dollars at the shop for a bag of 7 dollars. How many dollars does she get back?",
    "A shop sells a lamp for 30 dollars and a bulb for 5 dollars. How many dollars do both cost?",
    "Ivo has 50 dollars and buys a scarf for 18 dollars at the shop. How many dollars are left?",
)
LETTERS = (
    'Take the last letters of the words in "Amy Bruno" and concatenate them.',
    'Take the last letters of the words in "Clara Dent" and concatenate them.',
    'Take the last letters of the words in "Edgar Fox" and concatenate them.',
    'Take the last letters of the words in "Gina Holt" and concatenate them.',
)
ANIMALS = (
    "Is it true that a penguin is a bird that cannot fly?",
    "Is it true that a whale is a fish that lives in the sea?",
    "Is it true that a bat is a bird that hunts at night?",
    "Is it true that a spider is an insect that has six legs?",
)
TRAINS = (
    "A train travels 80 kilometres per hour for 3 hours. How far does the train travel?",
    "How long does a train need for 240 kilometres if it travels 60 kilometres per hour?",
    "Two trains travel towards each other at 50 kilometres per hour. When do the trains meet?",
    "A train leaves at noon and travels 90 kilometres per hour. How far is the train at four?",
)
KINDS = (SHOPPING, LETTERS, ANIMALS, TRAINS)
ALL = tuple(question for kind in KINDS for question in kind)

CHINESE = (
    "苹果每斤六元，小明买了三斤，付了五十元，应找回多少元？",
    "牛奶每箱四十八元，妈妈买了两箱，付了一百元，应找回多少元？",
    "铅笔每支两元，小红买了十支，付了五十元，应找回多少元？",
    "企鹅是不会飞的鸟，对吗？",
    "蝙蝠是会飞的鸟，对吗？",
    "鸵鸟是不会飞的鸟，对吗？",
)
